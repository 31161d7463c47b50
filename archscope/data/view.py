"""What a run makes of a dataset: which images train, which only judge, and how they are read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from archscope.documents import Within
from archscope.errors import UsageError

WHITENINGS = ("zca",)


@dataclass(frozen=True)
class View:
    """Choices about the data that decide a result; the defaults are the data as published.

    Attributes:
        samples: training images, a class-balanced subset of those that are not held out; None: all.
        holdout: training images set aside for validation, class-balanced; 0 for none. Then every
            epoch is judged on them, and the test set is used once, after the last epoch.
        whiten: None, or "zca" (see `archscope.data.batches.whiten`).
        test_crop: side of the square cut out of a test image (image folders only); None: the
            network's input.
        test_classes: the classes that the test images are of, where the network has more
            (image folders only); then there are two test errors, see `archscope.data.dataset`.
        test_samples: test images that each epoch but the last is judged on, as many of each class
            and the same every time; None: all. After the last epoch it is all of them.

    Raises UsageError for a number or a name that cannot be.
    """

    samples: Annotated[int, Within(1)] | None = None
    holdout: int = 0
    whiten: str | None = None
    test_crop: int | None = None
    test_classes: tuple[str, ...] = ()
    test_samples: Annotated[int, Within(1)] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "test_classes", tuple(self.test_classes))
        if type(self.holdout) is not int or self.holdout < 0:
            raise UsageError(
                "holdout must be a number of training images, 0 or more, not "
                f"{self.holdout}: give 5000, or 0 for none"
            )
        if self.test_samples is not None and (
            type(self.test_samples) is not int or self.test_samples < 1 or self.holdout
        ):
            raise UsageError(
                "test samples are a number of test images, 1 or more, and none where epochs are "
                f"judged on images held out, not {self.test_samples}: give 2000, or leave one out"
            )
        if self.whiten is not None and self.whiten not in WHITENINGS:
            raise UsageError(
                f'whitening is zca or none, not "{self.whiten}": give zca, or leave it out'
            )
        if self.test_crop is not None and not 1 <= self.test_crop <= 4096:
            raise UsageError(
                "a test crop is the side of a square, 1 to 4096 pixels, not "
                f"{self.test_crop}: give 224, 299 or 320"
            )

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON, `samples` left out: records name these always.

        So a record from before there was a choice still says, by not naming it, what it was.
        """
        chosen = {k: v for k, v in asdict(self).items() if v != getattr(_DEFAULT, k)}
        chosen.pop("samples", None)
        if "test_classes" in chosen:
            chosen["test_classes"] = list(chosen["test_classes"])
        return chosen


VIEW_FIELDS = tuple(field.name for field in fields(View))
_DEFAULT = View()
