"""Reading a study from its TOML file: every complaint names the line and the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from archscope.arch.names import parse
from archscope.arch.quantities import CLASSES
from archscope.documents import Printed, Unclear, toml_value
from archscope.errors import UsageError, plural, shown
from archscope.files import at_home, read_text, reading
from archscope.studies.presets import READINGS, fault, is_number
from archscope.studies.study import Row, Study
from archscope.sweep.plan.subjects import is_template

SCHEMA = "archscope.study/1"
FOLDER = Path(__file__).parent  # a folder in it for each paper

_TEXTS = {"name", "title", "source", "question"}
_KEYS = _TEXTS | {"schema", "measures", "rows", "pairs", "presets", "notes", "needs", "command"}
_KEYS |= {"classes", "timing"}
_ROW_KEYS = {"label", "network", "block", "published", "train"}
_RESERVED = {"label", "network", "macs", "trained", "test_error", "test_error_se", "n"}


def study_names() -> list[str]:
    """The built-in studies."""
    return sorted(_built_in())


def _built_in() -> dict[str, Path]:
    return {path.stem: path for path in FOLDER.glob("*/*.toml")}


def read_study(name: str) -> Study:
    """A built-in study by its name, or one's own by the path of its TOML file.

    Raises:
        UsageError: for an unknown name, or a file that breaks a rule, with its line and key.
    """
    path = _built_in().get(name) or at_home(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"there is no study '{shown(name)}': give the path of a .toml file, or one of "
            f"{', '.join(study_names())}"
        )
    with reading(path, "name a readable .toml file", error=UsageError, what="the study "):
        text = read_text(path)
    return _Reader(str(path), text).study()


class _Reader:
    """Reads one file; every complaint names line and key."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text

    def study(self) -> Study:
        try:
            document = toml_value(self.text)
            document["rows"] = toml_value(self.text, Printed).get("rows")
        except Unclear as error:
            raise UsageError(f"study {self.path}: {error}; correct that line") from None
        if document.get("schema") != SCHEMA:
            self._fail("schema", f'must be "{SCHEMA}"')
        for key in document:
            if key not in _KEYS:
                self._fail(key, f"is unknown; a study has {', '.join(sorted(_KEYS))}")
        texts = {key: self._text(document, key) for key in sorted(_TEXTS)}
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", texts["name"]):
            self._fail("name", "must be a plain word: it names the study's folder")
        measures = self._texts(document, "measures")
        if len(set(measures)) < len(measures) or _RESERVED & set(measures):
            self._fail("measures", "must be different from each other and from a row's own fields")
        classes = document.get("classes")
        if classes is not None and (type(classes) is not int or classes not in CLASSES):
            self._fail("classes", f"must be a whole number {CLASSES}")
        rows = self._rows(document, len(measures), classes)
        timing = self._timing(document, rows)
        return Study(
            texts,
            measures,
            rows,
            self._pairs(document, [row.label for row in rows]),
            self._presets(document, rows, timing),
            timing,
            self._texts(document, "notes", needed=False),
            self._text(document, "needs") if "needs" in document else None,
            self._text(document, "command") if "command" in document else None,
            classes,
            self.text,
        )

    def _rows(self, document: Mapping[str, Any], measures: int, classes: Any) -> tuple[Row, ...]:
        found = document.get("rows")
        if not isinstance(found, list) or not found:
            self._fail("rows", "must be a list of at least one { label = ..., network = ... }")
        return tuple(self._row(row, index, measures, classes) for index, row in enumerate(found))

    def _row(self, row: Any, index: int, measures: int, classes: Any) -> Row:
        line = self._row_line(index)
        if not isinstance(row, dict):
            self._fail("rows", "must hold tables: { label = ..., network = ... }", line)
        for key in row:
            if key not in _ROW_KEYS:
                self._fail(key, f"is unknown; a row has {', '.join(sorted(_ROW_KEYS))}", line)
        label = self._text(row, "label", line)
        network, block = (row.get(key) for key in ("network", "block"))
        if (network is None) == (block is None):
            self._fail("network", f"or block must be given in row '{shown(label)}', not both", line)
        if network is not None:
            self._name(row, "network", classes, line)
        if block is not None and not is_template(self._text(row, "block", line)):
            self._fail("block", "must be a template such as 32x4d", line)
        train = row.get("train")
        if train is not None and not is_template(self._text(row, "train", line)):
            self._name(row, "train", None, line)
        published = row.get("published", [])
        plain = isinstance(published, list) and all(
            isinstance(cell, str) or is_number(cell) for cell in published
        )
        if not plain or len(published) != measures:
            many = plural(measures, "number or text", "numbers or texts")
            self._fail("published", f'must be {many} ("-": none), as measures', line)
        cells = tuple(None if cell == "-" else cell for cell in published)
        return Row(label, network, block, cells, train)

    def _name(self, row: Mapping[str, Any], key: str, classes: Any, line: int) -> None:
        try:
            parse(self._text(row, key, line), classes)
        except UsageError as error:
            self._fail(key, f"names no network: {error}", line)

    def _pairs(self, document: Mapping[str, Any], labels: list[str]) -> tuple[tuple[str, str], ...]:
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            self._fail("rows", f"name '{shown(twice)}' twice; give each row its own label")
        pairs = document.get("pairs", [])
        right = isinstance(pairs, list) and all(
            isinstance(pair, list) and len(pair) == 2 and pair[0] != pair[1] for pair in pairs
        )
        if not right:
            self._fail("pairs", "must be a list of pairs of different labels")
        for label in (label for pair in pairs for label in pair):
            if label not in labels:
                self._fail("pairs", f"name '{shown(str(label))}', which no row has as its label")
        return tuple((str(first), str(second)) for first, second in pairs)

    def _timing(
        self, document: Mapping[str, Any], rows: tuple[Row, ...]
    ) -> Mapping[str, str] | None:
        timing = document.get("timing")
        if timing is None:
            return None
        if not isinstance(timing, dict) or set(timing) != {"reference", "published"}:
            self._fail("timing", "must be { reference = LABEL, published = ... }")
        if timing["published"] not in READINGS:
            self._fail("timing", f"must have published = one of {', '.join(READINGS)}")
        row = next((row for row in rows if row.label == timing["reference"]), None)
        if row is None or not is_number(row.published[0]) or not row.published[0]:
            self._fail("timing", "must have as reference a row whose first published is a number")
        if any(row.network is None for row in rows):
            self._fail("timing", "needs a network in each row: a block has no time of its own")
        return dict(timing)

    def _presets(
        self,
        document: Mapping[str, Any],
        rows: tuple[Row, ...],
        timing: Mapping[str, str] | None,
    ) -> dict[str, Mapping[str, Any]]:
        presets = document.get("presets", {})
        if not isinstance(presets, dict) or not all(isinstance(p, dict) for p in presets.values()):
            self._fail("presets", "must be tables: [presets.proxy]")
        for name, settings in presets.items():
            start = self._line(rf"^\[presets\.{re.escape(name)}\]")
            if name == "none":
                self._fail("presets.none", "means no training; choose another name", start)
            if found := fault(settings, [row.label for row in rows], timing):
                key = rf"(presets\.{re.escape(name)}\.)?[\"']?{re.escape(found[0])}(?!\w)"
                line = self._line(rf"^\s*\[?{key}", start)
                self._fail(*found, line)
        return dict(presets)

    def _text(self, table: Mapping[str, Any], key: str, line: int | None = None) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self._fail(key, "must be a text on one line", line)
        return value

    def _texts(self, document: Mapping[str, Any], key: str, needed: bool = True) -> tuple[str, ...]:
        values = document.get(key, [])
        right = isinstance(values, list) and all(
            isinstance(text, str) and text.isprintable() for text in values
        )
        if not right or (needed and not values):
            self._fail(key, "must be a list of texts on one line")
        return tuple(values)

    def _fail(self, key: str, rule: str, line: int | None = None) -> NoReturn:
        if line is None:
            line = self._line(rf"^\s*\[?{re.escape(key)}\b")
        raise UsageError(f"study {self.path}, line {line}: {key} {rule}")

    def _line(self, pattern: str, after: int = 1) -> int:
        """The number of the first line from `after` on that has the pattern, or `after`."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if number >= after and re.search(pattern, line):
                return number
        return after

    def _row_line(self, index: int) -> int:
        """The line on which a row begins: the rows are the only tables in braces."""
        start = re.search(r"^rows\s*=|^\[\[rows\]\]", self.text, re.MULTILINE)
        begin = start.start() if start else 0
        braces = [m.start() for m in re.finditer(r"\{|^\[\[rows\]\]", self.text[begin:], re.M)]
        at = begin + (braces[index] if index < len(braces) else 0)
        return self.text.count("\n", 0, at) + 1
