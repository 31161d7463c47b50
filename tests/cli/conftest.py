"""The commands, called in this process."""

import pytest
from typer.testing import CliRunner

from archscope.cli import app


@pytest.fixture
def run():
    runner = CliRunner()

    def invoke(*arguments):
        return runner.invoke(app, [str(argument) for argument in arguments])

    return invoke
