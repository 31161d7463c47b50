"""The Typer application: its commands, and how errors end it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from archscope.cli.cifar_sweep import cifar_sweep
from archscope.cli.compare import compare
from archscope.cli.listing import list_networks, show
from archscope.cli.output import note
from archscope.cli.solve import solve
from archscope.errors import ArchscopeError


class Group(TyperGroup):
    """A group whose commands end a user's mistake with one sentence and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ArchscopeError as error:
            # What the user typed is quoted in it, line breaks and all.
            said = "".join(c if c.isprintable() else " " for c in str(error))
            note(f"archscope: {said}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            note("archscope: interrupted")
            raise typer.Exit(130) from None


app = typer.Typer(
    name="archscope",
    cls=Group,
    help="Choose and design convolutional networks under a budget.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for name, command, summary in (
    ("solve", solve, "Solve Eq. 4: templates that keep a block's budget (Table 2)."),
    ("compare", compare, "Put networks side by side, counted exactly (Table 1)."),
    ("cifar-sweep", cifar_sweep, "Train templates on CIFAR: cardinality against width."),
    ("list", list_networks, "List the named networks with their costs."),
    ("show", show, "Show one network, stage by stage."),
):
    app.command(name, short_help=summary)(command)


def _print_version(asked: bool) -> None:
    if asked:
        from archscope import __version__

        typer.echo(f"archscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    try:
        app()
    except OSError as error:  # of a help or version text: commands tell theirs themselves
        note(f"archscope: the output could not be written: {error.strerror or error}")
        raise SystemExit(1) from None
