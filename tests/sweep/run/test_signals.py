"""What a signal's sentence says of the folder."""

import os
import signal

import pytest

from archscope.sweep.run.signals import Interrupted, told


@pytest.mark.parametrize(
    ("name", "says"),
    [(".", "what is done is kept in {}; run the same"), ("new", "nothing is in {} yet; run the")],
)
def test_a_signal_is_told_with_what_the_folder_has(tmp_path, name, says):
    folder = tmp_path / name
    with pytest.raises(Interrupted) as caught, told(folder):
        os.kill(os.getpid(), signal.SIGTERM)
    assert says.format(folder) in str(caught.value) and caught.value.exit_code == 143
