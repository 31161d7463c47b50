"""Where a sweep's images come from, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archscope.data.dataset import Dataset, DatasetInfo
from archscope.data.load import check_view, known_as, load, prepare
from archscope.data.sets.folder import NAME as FILES
from archscope.data.sets.folder import class_list
from archscope.data.view import View
from archscope.errors import UsageError, plural, shown
from archscope.files import at_home
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
        return self if named is None else replace(self, data_dir=at_home(named).absolute())

    def prepare(self, name: str, before: DatasetInfo | None = None) -> DatasetInfo:
        """The data set `name`, found or fetched; `before` is an earlier record of it, if any."""
        info = prepare(name, data_dir=self.data_dir, offline=self.offline, label=self.label)
        return info if before is None else known_as(info, before)

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
        return replace(self.prepare(before.name, before), label=before.label)


def taken_apart(dataset: str, where: Source) -> tuple[str, Source]:
    """The data set's name, and where its images are: `folder:DIR` says both.

    Raises `UsageError` where it says none, or --data-dir another.
    """
    if not isinstance(dataset, str):
        raise UsageError(
            f"a data set is a name, not {shown(repr(dataset))}; give cifar10, or folder:DIR"
        )
    name, colon, path = dataset.partition(":")
    if name != FILES or not colon:
        return dataset, where
    if not path or where.data_dir is not None:
        raise UsageError(
            f"a folder of images is named once, as --dataset folder:DIR, not as {dataset}; "
            "write that, without --data-dir"
        )
    return name, replace(where, data_dir=path)


def named_classes(
    given: Sequence[str] | Path | None, dataset: str, where: Source
) -> tuple[str, ...] | None:
    """The test classes that are asked for, those of a file that lists them read.

    Raises `UsageError` where it cannot be.
    """
    if isinstance(given, str | Path):
        return class_list(Path(given), where.data_dir if dataset == FILES else None)
    return None if given is None else tuple(given)


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
    return data, Images(len(data.train), len(data.validation or data.test_part or data.test))
