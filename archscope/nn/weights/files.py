"""Files of weights, read without executing anything in them, and written."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from archscope.errors import UsageError, shown
from archscope.files import open_to_read, reading
from archscope.nn.guarded import require, told
from archscope.nn.pickles import Endless, load_plain


def read_weights(path: Path, safetensors: bool | None = None) -> Any:
    """What a safetensors file holds, or one that `torch.save` wrote.

    Args:
        path: of the file.
        safetensors: whether it is of that kind; without it, its suffix decides.

    Raises:
        UsageError: where the file is missing, damaged, or a pickle in it asks for more than data.
    """
    name = shown(str(path))
    with (
        reading(name, "give the path of a file of weights", error=UsageError, what="the weights "),
        open_to_read(path) as stream,
    ):
        if path.suffix.lower() == ".safetensors" if safetensors is None else safetensors:
            return _read_safetensors(path)
        return _read_pickle(path, stream)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    library = require("safetensors.torch", "safetensors")
    try:
        return dict(library.load_file(path))
    except Exception as error:  # of the library's own, or the system's
        raise _refused(path, f"it is damaged ({told(error)})") from None


def _read_pickle(path: Path, stream: BinaryIO) -> Any:
    """What `torch.save` wrote: tensors, containers, plain data."""
    try:
        if zipfile.is_zipfile(stream):  # torch does not look at the checksums
            with zipfile.ZipFile(stream) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise _refused(path, f"it is damaged (the checksum of {shown(damaged)})")
        return load_plain(stream)
    except UsageError:
        raise
    except Exception as error:  # a damaged file can fail in any way at all
        if not isinstance(error, pickle.UnpicklingError):
            why = f"it is damaged, or not of that kind ({told(error)})"
        elif asked := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise UsageError(
                f"weights are read as data alone, and {shown(str(path))} asks for {asked[1]}; "
                "save the network's state_dict() by itself, and give that file"
            ) from None
        elif isinstance(error, Endless):
            why = f"it {error}"
        else:
            why = "it is damaged, or asks for more than data"
        raise _refused(path, why) from None


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(
        f"no weights can be loaded from {shown(str(path))}: {why}; give a complete .pth or "
        ".safetensors file of this network's weights"
    )
