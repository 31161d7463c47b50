"""One number of one counter, taken apart; and how the counters are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.arch.windows import Shape
from archscope.cost.conventions import Convention, Term
from archscope.errors import ArchscopeError, shown
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from archscope.cost.counters import Report
    from archscope.nn.outside import Module

EXTRAS = {"deepspeed": "deepspeed"}  # the others stand in the extra `counters`


@dataclass(frozen=True, repr=False)
class Answer(ShortRepr):
    """One number of one counter, taken apart; or that it gives none.

    Attributes:
        counter: its name.
        version: of its package; None where it is not installed.
        convention: what the number should be made of; None without a number.
        raw: what the counter reported.
        parts: column -> amount: the formula's own count first, then every known difference.
        problem: why there is no number.
        left_out: what the counter leaves out of this network though it counts the like, with the
            elements concerned.
        predicted: whether `parts` should add up to the number; False where nothing tells what the
            counter adds, so that a residue contradicts nothing.
    """

    counter: str
    version: str | None
    convention: Convention | None = None
    raw: int | None = None
    parts: dict[str, int] = field(default_factory=dict)
    problem: str | None = None
    left_out: tuple[tuple[Term, int], ...] = ()
    predicted: bool = True

    @property
    def residue(self) -> int | None:
        """What no convention and no known defect explains; None without a number, or our own."""
        if self.raw is None or not self.parts:
            return None
        return self.raw - sum(self.parts.values())

    @property
    def unexplained(self) -> bool:
        """Whether the counter says something else than it should, or failed to say anything."""
        wrong = bool(self.residue) or (self.raw is None and self.version is not None)
        return self.predicted and wrong

    def document(self) -> dict[str, Any]:
        """The row as JSON."""
        found = self.convention
        return {
            "counter": self.counter,
            "version": self.version,
            "quantity": found.quantity if found else None,
            "word": found.word if found else None,
            "unit": found.unit if found else None,
            "raw": self.raw,
            "formula": self.parts.get("formula"),
            "terms": self._terms(),
            "left_out": [
                {"name": term.name, "why": term.why, "elements": elements}
                for term, elements in self.left_out
            ],
            "predicted": sum(self.parts.values()) if found and self.predicted else None,
            "residue": self.residue,
            "problem": self.problem,
            "source": found.source or None if found else None,
        }

    def row(self) -> dict[str, Any]:
        """The row as table cells."""
        lists = ("terms", "left_out")
        kept = {key: value for key, value in self.document().items() if key not in lists}
        return {**kept, **self.parts, "unexplained": self.unexplained}

    def _terms(self) -> list[dict[str, Any]]:
        known = {term.name: term for term in self.convention.terms} if self.convention else {}
        return [
            {
                "name": name,
                "kind": known[name].kind if name in known else "convention",
                "why": known[name].why if name in known else "a multiply-add counts as 2",
                "value": value,
            }
            for name, value in self.parts.items()
            if name != "formula"
        ]


def ask(
    module: Module, shape: Shape, names: Sequence[str]
) -> tuple[dict[str, tuple[str, Report]], list[Answer]]:
    """What each tool says, with its version; and the tools that say nothing, with the reason."""
    from archscope.cost.counters import TOOLS, count_with

    reports: dict[str, tuple[str, Report]] = {}
    problems: list[Answer] = []
    for name in names:
        version = TOOLS[name].version
        if version is None:
            missing = f"not installed: pip install 'archscope[{EXTRAS.get(name, 'counters')}]'"
            problems.append(Answer(name, None, problem=missing))
            continue
        try:
            reports[name] = version, count_with(TOOLS[name], module, shape)
        except ArchscopeError:
            raise
        except Exception as error:  # a tool may fail in any way; the others still count
            first = (str(error).strip() or "no reason given").splitlines()[0]
            why = f"failed: {type(error).__name__}: {shown(first)}"
            problems.append(Answer(name, version, problem=why))
    return reports, problems
