"""`archscope ui`."""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.completion import designs, one_of
from archscope.cli.options.declared import WHERE, option
from archscope.cli.options.latency import LatencyModelOption, Setting
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.output import note


def ui(
    families: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FAMILY...",
            help="Shown at first: {families}; resnext50, wrn_28 and the like with their own "
            "depths; or FILE.py:NAME of your own.",
            show_default="resnext50",
            autocompletion=one_of(designs),
        ),
    ] = None,
    port: Annotated[
        int,
        option(
            "--port",
            value="PORT",
            panel=WHERE,
            help="Of 127.0.0.1.",
            default="one that is free",
            min=0,
            max=65_535,
        ),
    ] = 0,
    no_browser: Annotated[
        bool, option("--no-browser", panel=WHERE, help="Print the address, and open no browser.")
    ] = False,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    model: LatencyModelOption = None,
) -> None:
    """Explore designs under a budget in the browser.

    Choose families, slide budgets, see the designs that keep them with their front, pin designs
    and compare them, copy the command that does the same. The page is served to this machine's
    browsers alone, at an address with a token, and fetches nothing. Ctrl-C ends it. Latency is
    shown where archscope bench --fit has fitted a model.
    """
    from archscope.explore.workbench.serve import ui as serve

    setting = Setting(threads, precision, device, model)
    page = serve(families or (), port=port, latency=setting.model_if_any())
    note(f"archscope: {page.address} (Ctrl-C ends it)")
    if not no_browser:
        page.show()
    page.wait()
