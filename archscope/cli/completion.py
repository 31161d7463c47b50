"""What the shell completes: names of networks, families and studies, and the words of options.

Each list is read where it is defined, and only when the shell asks. Where nothing fits, the shell
completes the names of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Complete = Callable[[str], list[str]]


def one_of(words: Callable[[], Iterable[str]]) -> Complete:
    """Complete to one of the words."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words() if word.startswith(incomplete)]

    return complete


def some_of(words: Callable[[], Iterable[str]]) -> Complete:
    """Complete the last word of a list with commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return one_of(lambda: (f"{before}{comma}{word}" for word in words()))(incomplete)

    return complete


def networks() -> Iterable[str]:
    """The named networks."""
    from archscope.arch.names import well_known

    return well_known()


def designs() -> Iterable[str]:
    """The families whose numbers may be free, and the named networks."""
    return (*families(), *networks())


def families() -> Iterable[str]:
    """The families whose numbers may be free."""
    from archscope.arch.families.registry import families as every

    return [family.name for family in every() if family.axes]


def studies() -> Iterable[str]:
    """The built-in studies."""
    from archscope.studies.reader import study_names

    return study_names()


def study_presets() -> Iterable[str]:
    """The scales of the built-in studies."""
    from archscope.studies.reader import read_study

    return dict.fromkeys(
        ("none", *(preset for name in studies() for preset in read_study(name).presets))
    )


def sweep_presets() -> Iterable[str]:
    """The scales of a sweep."""
    from archscope.sweep.plan.presets import PRESETS

    return PRESETS


def figure7() -> Iterable[str]:
    """The templates of Figure 7, and the named networks."""
    from archscope.sweep.plan.presets import FIGURE7

    return (*FIGURE7, *networks())


def recipes() -> Iterable[str]:
    """How the papers' networks are trained."""
    from archscope.training.recipe import FAMILY, RECIPES

    return (*RECIPES, FAMILY)


def datasets() -> Iterable[str]:
    """The data sets that are known by name."""
    from archscope.data.load import DATASETS

    return (name for name in DATASETS if name != "folder")


def precisions() -> Iterable[str]:
    """Number formats."""
    from archscope.training.devices import PRECISIONS

    return PRECISIONS


def devices() -> Iterable[str]:
    """What networks run on."""
    return ("cpu", "cuda", "mps")


def device_checks() -> Iterable[str]:
    """The checks of `verify-device`."""
    from archscope.explore.device.verify import LIMITS

    return LIMITS


def modes() -> Iterable[str]:
    """What is timed."""
    from archscope.cost.workload import MODES

    return MODES


def counters() -> Iterable[str]:
    """Who counts."""
    from archscope.cost.conventions import COUNTERS

    return ("all", *COUNTERS)


def figures() -> Iterable[str]:
    """Kinds of figure files."""
    from archscope.explore.training.report import FIGURES

    return FIGURES
