"""Help as it is shown: options in groups, the terminal's whole width, examples as they are typed.

Help texts are plain text. Rich draws them and is imported for nothing else here: a command that
runs does not pay for it, and a mistake is printed without boxes.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from typer.core import TyperCommand

from archscope.cli.completion import counters, datasets, families

GENERAL = "Output and help"  # a group of options that every command has
MOST_SHOWN = 10_000  # larger bounds of numbers are none that anyone meets
# Names that are looked up where help is shown.
LISTS = {"{families}": families, "{counters}": counters, "{datasets}": datasets}
HELP_NAMES = ["--help", "-h"]


class Command(TyperCommand):
    """A command whose help is in groups."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage: options, then the arguments, in brackets where they can be left out."""
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        return [
            "[OPTIONS]",
            *(f"{one.metavar}" if one.required else f"[{one.metavar}]" for one in arguments),
        ]

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`, among the general ones."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = GENERAL
        return option

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        print_help(self, ctx)


def print_help(command: Any, context: Any) -> None:
    """Print a command's help in groups, across the terminal (COLUMNS), or 80 columns in a pipe."""
    from rich.markup import escape
    from typer import rich_utils

    rich_utils.STYLE_HELPTEXT = ""  # dim is hard to read
    shown = copy.copy(command)
    shown.help = escape(_paragraphs(command.help or ""))
    shown.params = [copy.copy(parameter) for parameter in command.params]
    for parameter in shown.params:
        _plain(parameter)
        parameter.help = escape(parameter.help)
    _arrange(shown.params)
    rich_utils.rich_format_help(obj=shown, ctx=context, markup_mode="rich")


def _arrange(parameters: list[Any]) -> None:
    """The general options last; one that would be a group by itself among those of no group."""
    shared = Counter(getattr(one, "rich_help_panel", None) for one in parameters)
    for one in parameters:
        if shared[getattr(one, "rich_help_panel", None)] == 1:
            one.rich_help_panel = None
    parameters.sort(key=lambda one: getattr(one, "rich_help_panel", None) == GENERAL)


def _plain(parameter: Any) -> None:
    """Leave out what tells people nothing: `<str>`, bounds beyond 10,000, brackets in brackets.

    It is a copy that is changed, of a parameter that is shown and not used.
    """
    parameter.help = _with_lists(parameter.help or "")
    told = parameter.show_default
    if told is True and not getattr(parameter, "is_flag", False) and parameter.default is not None:
        told = str(parameter.default)
    if isinstance(told, str):  # behind the text, where Typer would begin a line
        parameter.help += f" [default: {told}]"
        parameter.show_default = False
    elif parameter.default is None:
        parameter.show_default = False  # Typer 0.15 would tell of None
    if hasattr(parameter, "type"):
        parameter.type = copy.copy(parameter.type)
    bounded = getattr(parameter, "type", parameter)  # newer Typers have all in the parameter
    if parameter.param_type_name == "argument":  # its own name says what it is
        bounded.get_metavar = lambda *_, **__: ""
        bounded.display_type_rich = lambda *_, **__: None
    if (getattr(bounded, "max", None) or 0) > MOST_SHOWN:
        bounded.max = None


def _with_lists(text: str) -> str:
    """A help text with names that stand in files of their own."""
    for place, names in LISTS.items():
        if place in text:
            text = text.replace(place, ", ".join(names()))
    return text


def _paragraphs(text: str) -> str:
    """Each paragraph on one line, to be wrapped where the terminal ends; examples keep theirs."""
    parts = text.strip().split("\n\n")
    return "\n\n".join(part if part.startswith(" ") else " ".join(part.split()) for part in parts)
