"""What a search has decided so far: `search.json`, beside the plan of its trainings.

It is written whole after each decision, and a search that goes on reads it: nothing that stands
there is decided again.

    {"schema": "archscope.search-record/1", "asked": {...}, "rounds": [...], "winner": ...}
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from archscope.documents import Unclear, Within, json_value
from archscope.errors import ArchscopeError, UsageError
from archscope.files import read_ours, write_json
from archscope.sweep.plan.reading import Fault, Foreign, read
from archscope.sweep.store.locks import cannot_write, explained, locked

SEARCH_FILE = "search.json"
SCHEMA = "archscope.search-record/1"
DECISION_FOLDER = "decision"
CLOSING = 2  # of a round that the time ends, the designs that are trained to the end


@dataclass(frozen=True)
class Asked:
    """What was asked, as far as the plan of the trainings does not have it.

    Attributes:
        families: to draw from, as they are named for these images.
        caps: what each network costs at most, as text.
        scale: factors on the widths, as text.
        method: see `archscope.explore.searching.methods`.
        trials: designs that are begun; or
        seconds: time of the search.
        seed: of the drawing.
        baselines: what the winner is compared with.
        first_look, max_seeds, alpha, resolve: of the decision.
        latency: under a cap on the latency, where it is predicted for: device, precision, threads.
    """

    families: tuple[str, ...]
    caps: tuple[str, ...]
    method: str
    trials: int | None
    seconds: float | None
    seed: int
    baselines: tuple[str, ...]
    scale: tuple[str, ...]
    first_look: int
    max_seeds: int
    alpha: float
    resolve: float
    latency: str | None = field(default=None, repr=False)  # a folder's usual name hashes the repr


@dataclass(frozen=True)
class Predicted:
    """The predicted milliseconds of one image of a network, and the interval around them."""

    network: str
    ms: float
    low: float
    high: float


@dataclass(frozen=True)
class Decision:
    """The end of a rung: who goes on (the best first), who failed, and the seconds spent by then.

    `best` is the held-out error (%) of the first of them, `epochs_spent` those of all trainings.
    """

    kept: tuple[str, ...]
    failed: tuple[str, ...]
    best: float
    seconds: float
    epochs_spent: int


@dataclass(frozen=True)
class Round:
    """Designs that were drawn together, the rungs that they climb, and what was decided.

    `by_training`: its rungs but for the last select by the error on the training images. Records
    of before it was kept have None: what the method does.
    """

    drawn: tuple[str, ...]
    epochs: tuple[Annotated[int, Within(1)], ...]
    designs: tuple[Annotated[int, Within(1)], ...]
    decisions: tuple[Decision, ...] = ()
    by_training: bool | None = None

    def __post_init__(self) -> None:
        if (
            not self.drawn
            or not 0 < len(self.epochs) == len(self.designs) >= len(self.decisions)
            or any(not one.kept or not set(one.kept) <= set(self.drawn) for one in self.decisions)
        ):
            raise Fault("the parts of a round do not go together")

    def climbing(self, rung: int) -> tuple[str, ...]:
        """The designs that are trained on a rung."""
        return self.drawn if rung == 0 else self.decisions[rung - 1].kept[: self.designs[rung]]

    def selects_by_training(self, method: str) -> bool:
        """Whether rungs before the last select by the training error, in a search by `method`."""
        return method == "halving" if self.by_training is None else self.by_training

    def closing(self, epochs: int) -> Round:
        """The round with one rung for all that are not decided: the best few, to the end."""
        rung = len(self.decisions)
        designs = (*self.designs[:rung], min(CLOSING, self.designs[rung]))
        return replace(self, epochs=(*self.epochs[:rung], epochs), designs=designs)

    @property
    def closes(self) -> bool:
        """Whether nothing is left but to train the best few to the end."""
        left = len(self.epochs) - len(self.decisions)
        return bool(self.decisions) and left == 1 and self.designs[-1] <= CLOSING

    @property
    def over(self) -> bool:
        """Whether every rung is decided."""
        return len(self.decisions) == len(self.epochs)


@dataclass(frozen=True)
class Search:
    """A search as it stands.

    Attributes:
        asked: what was asked.
        largest: the largest design that fits.
        rounds: what was drawn and decided.
        winner: the best of them, once the search is over.
        random: the designs of the baseline "random", the first that were drawn.
        best_of_random: the best of these.
        seconds_random: what their training took.
        latency: under a cap on it, that of all designs and of the largest that fits, as it was
            predicted when they were drawn.
        latency_note: what must be said of it.
        rest: what a later version has written.
    """

    asked: Asked
    largest: str | None = None
    rounds: tuple[Round, ...] = ()
    winner: str | None = None
    random: tuple[str, ...] = ()
    best_of_random: str | None = None
    seconds_random: float | None = None
    latency: tuple[Predicted, ...] = ()
    latency_note: str | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decisions(self) -> list[tuple[int, int, Decision]]:
        """All, in order, each with the numbers of its round and its rung, from 0."""
        return [
            (number, rung, one)
            for number, round in enumerate(self.rounds)
            for rung, one in enumerate(round.decisions)
        ]

    @property
    def seconds(self) -> float:
        """What the search has taken, up to its last decision; the baselines not counted."""
        return self.decisions[-1][2].seconds if self.decisions else 0.0

    @property
    def epochs_spent(self) -> int:
        """Epochs of training of all designs, up to the last decision."""
        return self.decisions[-1][2].epochs_spent if self.decisions else 0

    @property
    def drawn(self) -> list[str]:
        """All designs, in the order of drawing."""
        return [name for one in self.rounds for name in one.drawn]

    def incumbents(self) -> list[tuple[int, int, Decision]]:
        """The decisions after which another design, or the same after more epochs, was the best.

        More epochs come first, then the lower error.
        """
        found: list[tuple[int, int, Decision]] = []
        best = (0, 0.0)
        for number, rung, one in self.decisions:
            mark = (-self.rounds[number].epochs[rung], one.best)
            if not found or mark < best:
                found.append((number, rung, one))
                best = mark
        return found

    def best_of_whole(self, others: Collection[str]) -> str | None:
        """The best of those trained to the end that is none of these others, if there is one."""
        last = [len(one.epochs) - 1 for one in self.rounds]
        whole = [one.kept[0] for number, rung, one in self.incumbents() if rung == last[number]]
        return next((name for name in reversed(whole) if name not in others), None)

    def waits_at(self, name: str) -> int | None:
        """Epochs after which a design waits for a decision, or for good; None: it is to end."""
        found: int | None = 0
        if name in self.random:
            return None
        for one in self.rounds:
            begun = len(one.decisions) + (self.winner is None)  # over, no rung follows
            for rung, epochs in enumerate(one.epochs[:begun]):
                if name in one.climbing(rung):
                    found = epochs
        return found


def has_paused(search: Search | None, name: str, epochs_done: int) -> bool:
    """Whether a design of a search waits at its epochs."""
    waits = None if search is None else search.waits_at(name)
    return waits is not None and 0 < waits <= epochs_done


def read_search(folder: Path) -> Search | None:
    """The search of a folder; None where it holds none.

    Raises ArchscopeError where it is damaged.
    """
    path = folder / SEARCH_FILE
    content = read_ours(path)
    if content is None:
        return None
    try:
        document = json_value(content)
        if not isinstance(document, dict) or document.pop("schema", None) != SCHEMA:
            raise Fault(f"it is not of the schema {SCHEMA}")
        return read(Search, document, "")
    except (Unclear, Fault, Foreign) as error:
        raise ArchscopeError(
            f"{path} cannot be read ({error}): restore it, or begin another search with --out."
        ) from None


def record(folder: Path, change: Callable[[Search | None], Search]) -> Search:
    """Change the record of a folder, alone in it meanwhile; returns it as it is then.

    Where another process has decided already, `change` gives back what there is.
    """
    with locked(folder, other="search has been deciding") as refused:
        before = read_search(folder)
        now = change(before)
        if now != before:
            if refused is not None:
                raise cannot_write(folder, refused)
            with explained(folder):
                write_json(folder / SEARCH_FILE, _document(now))
    return now


def _document(search: Search) -> dict[str, Any]:
    own = asdict(search)
    rest = own.pop("rest")
    if search.asked.latency is None:  # as it was before there were such caps
        del own["asked"]["latency"], own["latency"], own["latency_note"]
    return {"schema": SCHEMA, **own, **rest}


def refuse_search(folder: Path) -> None:
    """Raise UsageError where a folder holds a search: its trials pause, and are chosen by it."""
    if read_search(folder) is not None:
        raise UsageError(
            f"{folder} holds a search, which its own command continues; give that, or another --out"
        )


def differing(there: Asked, asked: Asked) -> Sequence[str]:
    """What was asked otherwise of a folder's search, in words."""
    old, new = asdict(there), asdict(asked)
    return [
        f"{name} {_shown(old[name])} there, {_shown(new[name])} asked"
        for name in old
        if old[name] != new[name]
    ]


def _shown(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text or "none"
