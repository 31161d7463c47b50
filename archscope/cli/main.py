"""The Typer application: its commands, and how errors end it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from archscope.cli.help import GENERAL, HELP_NAMES, Command, print_help
from archscope.cli.output import RAW, discard, note
from archscope.cli.patience import FASTER, patient
from archscope.cli.plain_values import UNASKED, accept_plain_values
from archscope.errors import ArchscopeError, UsageError
from archscope.plain_text import visible

# name: (where the function stands, the line of `archscope --help`), in the order of that help.
COMMANDS = {
    "solve": ("design.solve:solve", "Solve Eq. 4: templates that keep a block's budget (Table 2)."),
    "compare": (
        "networks.compare:compare",
        "Put networks side by side, counted exactly (Table 1).",
    ),
    "audit": ("networks.audit:audit", "Check every count printed in the papers against ours."),
    "cifar-sweep": (
        "training.cifar_sweep:cifar_sweep",
        "Train templates on CIFAR: cardinality against width.",
    ),
    "decide": (
        "training.decide:decide",
        "Train networks until it is known which is better, and no longer.",
    ),
    "search": (
        "searching.search:search",
        "Find the best network within caps that a budget of training can find.",
    ),
    "train": (
        "training.train:train",
        "Train one network by a paper's recipe, from one seed or several.",
    ),
    "status": ("training.status:status", "Show the progress of a sweep, from another terminal."),
    "verify-resume": (
        "training.verify_resume:verify_resume",
        "Prove that a killed sweep ends with the same numbers.",
    ),
    "verify-device": (
        "training.verify_device:verify_device",
        "Show that everything works on this machine's GPU, and how fast.",
    ),
    "enumerate": ("design.enumerate:enumerate_designs", "List every design within ranges of cost."),
    "ui": ("design.ui:ui", "Explore designs under a budget in the browser."),
    "study": (
        "training.study:study",
        "Run an experiment of the papers beside the published numbers.",
    ),
    "table make": (
        "searching.table:make",
        "Train designs drawn inside a budget and keep all in one file.",
    ),
    "table verify": ("searching.table:verify", "Train rows of such a table again and compare."),
    "table replay": (
        "searching.table:replay",
        "Show what a search method would have found on it.",
    ),
    "table show": ("searching.table:show", "Show what a table of trained designs holds."),
    "report": (
        "training.report:report",
        "Write a sweep's page, tables and figures from its folder.",
    ),
    "bench": ("networks.bench:bench", "Time networks: latency, throughput, training step, memory."),
    "equivalence": (
        "networks.equivalence:equivalence",
        "Rewrite a network into the equal forms of Figure 3.",
    ),
    "export": (
        "networks.export:export",
        "Write a network for other programs, checked by running it.",
    ),
    "list": ("networks.listing:list_networks", "List the named networks with their costs."),
    "show": ("networks.listing:show", "Show one network, stage by stage."),
}


PANELS = {
    "design": "Design",
    "networks": "Networks",
    "training": "Training and experiments",
    "searching": "Search",
}
_UNDER = "archscope.under"  # of a context: the first word of a command of two
CONTEXT = {**UNASKED, "help_option_names": HELP_NAMES}


class Commands(MutableMapping[str, Any]):
    """The commands by name, each imported when it is asked for: a start pays for one of them.

    Each has the options `shared` with the program, such as `--version`.
    """

    def __init__(self, shared: Sequence[Any]) -> None:
        self._made: dict[str, Any] = dict.fromkeys(COMMANDS)
        self._shared = [copy.copy(option) for option in shared]
        for option in self._shared:
            option.rich_help_panel = GENERAL

    def __getitem__(self, name: str) -> Any:
        if self._made[name] is None:
            command = copy.copy(_own(name))
            command.params = [*command.params, *self._shared]
            self._made[name] = command
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


@cache
def _own(name: str) -> Any:
    """A command with its own options: made once in a process, however often it is called."""
    place, summary = COMMANDS[name]
    module, _, function = place.partition(":")
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    found = getattr(import_module(f"archscope.cli.commands.{module}"), function)
    alone.command(
        name,
        cls=Command,
        short_help=summary,
        context_settings=CONTEXT,
        rich_help_panel=PANELS[place.partition(".")[0]],
    )(found)
    command = get_command(alone)
    accept_plain_values(command, found)
    if name in FASTER and command.callback is not None:
        command.callback = patient(name, command.callback)
    return command


@contextmanager
def _visible() -> Iterator[None]:
    """A context in which what was typed is harmless where an error of typer's repeats it."""
    try:
        yield
    except Exception as error:
        if isinstance(message := getattr(error, "message", None), str):
            error.message = visible(message)  # type: ignore[attr-defined]
        raise


class Group(TyperGroup):
    """A group whose commands end a user's mistake with one sentence and its exit code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Commands(self.params)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        print_help(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the command; without any word the help is told on stderr."""
        with nullcontext() if args else redirect_stdout(sys.stderr), _visible():
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names, or the first two: `table make`."""
        under = [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{args[0]} ")]
        if under and args[0] not in COMMANDS:
            if ctx.resilient_parsing and len(args) == 1:  # the shell completes what follows
                ctx.meta[_UNDER] = f"{args[0]} "
                return None, None, []
            if args[1:2] and args[1] in under:
                args = [" ".join(args[:2]), *args[2:]]
            elif args[1:2] and args[1] in HELP_NAMES:
                print_help(self, ctx)
                ctx.exit()
            else:
                raise UsageError(
                    f"{args[0]} is followed by {', '.join(under)}; write archscope {args[0]} "
                    f"{under[-1]}, or --help"
                )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The words that may follow: of `table make` first the one, then the other."""
        before = ctx.meta.get(_UNDER, "")
        found = super().shell_complete(ctx, before + incomplete)
        words: dict[str, Any] = {}
        for item in found:
            if item.value.startswith(before):
                item.value = item.value.removeprefix(before).partition(" ")[0]
                words.setdefault(item.value, item)
        return list(words.values())

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            with _visible():
                return super().invoke(ctx)
        except ArchscopeError as error:
            note(f"archscope: {error}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            note("archscope: interrupted")
            raise typer.Exit(130) from None
        except OSError as error:
            if error.filename is None:  # the output, of which `main` tells
                raise
            note(f"archscope: {error.filename} cannot be used ({error.strerror}): name another")
            raise typer.Exit(1) from None


app = typer.Typer(
    name="archscope",
    cls=Group,
    help="Choose and design convolutional networks under a budget.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=CONTEXT,
)


def _print_version(asked: bool) -> None:
    if asked:
        from archscope import __version__

        typer.echo(f"archscope {__version__}")
        raise typer.Exit


def _raw(context: typer.Context, asked: bool) -> None:
    if context.parent is None or asked:  # said before the command, or after it
        RAW.set(asked)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            expose_value=False,
            help="Print the version.",
        ),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            callback=_raw,
            is_eager=True,
            expose_value=False,
            help="CSV without a quote before what a spreadsheet would run.",
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
        if sys.stdout is not None:
            discard(sys.stdout)
        raise SystemExit(1) from None
