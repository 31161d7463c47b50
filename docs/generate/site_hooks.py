"""Hooks of mkdocs: README as the first page, links that fit the site, pages that are made."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from family_pages import family_diagrams, family_pages
from mkdocs.structure.files import File
from reference_pages import reference_pages

ROOT = Path(__file__).parents[2]
TOP = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(?<=\]\()([^)#:\s]+)(?=[)#])")
_ROAD = re.compile(r"^\[[^\n]* · [^\n]*\.md\)\n", re.MULTILINE)  # the site has its own


def on_config(config: Any) -> Any:
    """Put the pages that are made behind the written ones."""
    made = {"Library reference": reference_pages(), "Families": family_pages()}
    for title, pages in made.items():
        config.nav.append({title: [{name: uri} for uri, (name, _) in pages.items()]})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from the repository's top, those that are made, and what pages link to."""
    for name, uri in TOP.items():
        text = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, uri, content=text))
    drawn = family_diagrams()
    made = {**reference_pages(), **family_pages(drawn)}
    for uri, content in {**drawn, **{uri: text for uri, (_, text) in made.items()}}.items():
        files.append(File.generated(config, uri, content=content))
    texts = [page.content_string for page in files.documentation_pages()]
    for target in sorted(
        {
            place
            for text in texts
            for link in _LINK.findall(text)
            if (place := link.removeprefix("../")).startswith("examples/")
        }
    ):
        files.append(File.generated(config, target, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links between repository files as links between pages."""
    uri = page.file.src_uri
    own = {made: name for name, made in TOP.items()}.get(uri, f"docs/{uri}")

    def moved(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(own), found[1]))
        target = TOP.get(place, place.removeprefix("docs/"))
        return posixpath.relpath(target, posixpath.dirname(uri) or ".")

    text = _ROAD.sub("", markdown, count=1) if "docs/" in own else markdown
    return _LINK.sub(moved, text)
