"""Where a sweep's images come from, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from archscope.data.dataset import Dataset, DatasetInfo
from archscope.data.load import check_view, load, prepare
from archscope.data.view import View
from archscope.errors import UsageError, plural
from archscope.sweep.plan.estimate import Images


@dataclass(frozen=True)
class Source:
    """Where the images come from; see `archscope.data.load.prepare`."""

    data_dir: Path | str | None = None
    label: str | None = None
    offline: bool = False

    def check(self) -> None:
        """Raise `UsageError` for a label that cannot be shown."""
        if self.label is not None and not self.label.isprintable():
            raise UsageError("the data label must be printable text; write plain characters.")

    def absolute(self) -> Source:
        """The same from whatever folder."""
        named = self.data_dir
        return (
            self if named is None else replace(self, data_dir=Path(named).expanduser().absolute())
        )

    def prepare(self, name: str) -> DatasetInfo:
        """The data set `name`, found or fetched."""
        return prepare(name, data_dir=self.data_dir, offline=self.offline, label=self.label)

    def found(self, before: DatasetInfo) -> DatasetInfo:
        """The data of a sweep under its name for them, where they were, or where this source says.

        Raises `UsageError` for a name of one's own.
        """
        if self.label is not None:
            raise UsageError(
                f"the plan of a sweep names its data ({before.label}); leave out --data-label."
            )
        if self.data_dir is None:
            return before
        return replace(self.prepare(before.name), label=before.label)


def measured(info: DatasetInfo, view: View, batch: int) -> tuple[Dataset, Images]:
    """The data as a trial sees them (but for whitening, which takes long), and their number.

    Raises `UsageError` where they are too few.
    """
    check_view(info, view)
    data = load(info, replace(view, whiten=None))
    if batch > len(data.train):
        raise UsageError(
            f"batch {batch} is more than the {plural(len(data.train), 'training image')}; "
            "choose a smaller one."
        )
    return data, Images(len(data.train), len(data.validation or data.test))
