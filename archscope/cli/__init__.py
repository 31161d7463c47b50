"""The command line: a file per command; `app` is the Typer application."""

from archscope.cli.main import app, main

__all__ = ["app", "main"]
