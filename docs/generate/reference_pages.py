"""The pages of the library reference: every public name of archscope, by what it is for."""

from __future__ import annotations

import archscope

# Page: its title, and the modules (or the rooms) whose public names stand on it.
PAGES = {
    "networks": (
        "Networks",
        (
            "archscope.arch.network",
            "archscope.explore.networks",
            "archscope.explore.forms",
            "archscope.nn",
        ),
    ),
    "design": (
        "Design under a budget",
        (
            "archscope.explore.design",
            "archscope.arch.papers",
            "archscope.explore.searching.feasible",
            "archscope.explore.workbench",
        ),
    ),
    "training": (
        "Training, studies, decisions",
        ("archscope.explore.training", "archscope.sweep", "archscope.reporting"),
    ),
    "search": (
        "Search and tables",
        ("archscope.explore.searching.search", "archscope.explore.searching.table"),
    ),
    "clock": (
        "Times and devices",
        ("archscope.explore.clock", "archscope.explore.latency", "archscope.explore.device"),
    ),
    "families": ("Families of your own", ("archscope.arch.families",)),
    "nodes": ("Nodes of the tree", ("archscope.arch.nodes",)),
    "errors": ("Errors", ("archscope.errors",)),
}


def reference_pages() -> dict[str, tuple[str, str]]:
    """Of each page its path in the site, its title, and its Markdown for mkdocstrings."""
    named: dict[str, list[str]] = {page: [] for page in PAGES}
    for name in archscope.__all__:
        module = archscope._PLACES[name].partition(":")[0]
        named[_page(name, module)].append(name)
    return {
        f"reference/{page}.md": (PAGES[page][0], _text(PAGES[page][0], names))
        for page, names in named.items()
    }


def _page(name: str, module: str) -> str:
    for page, (_, places) in PAGES.items():
        if module.startswith(places):
            return page
    raise LookupError(
        f"the library reference has no page for archscope.{name}; add {module} to PAGES"
    )


def _text(title: str, names: list[str]) -> str:
    entries = [f"::: archscope.{name}\n" for name in names]
    return "\n".join([f"# {title}\n", *entries])
