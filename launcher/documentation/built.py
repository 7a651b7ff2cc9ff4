"""Reads a site as a browser would, and says what is wrong: a link without a target, a part from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches without being asked, by the tag.
_LOADS = {"script": "src", "img": "src", "source": "src", "video": "src", "iframe": "src", "object": "data"}
# A link of these kinds only says where something is.
_SAYS = frozenset({"canonical", "next", "prev", "alternate", "author", "license"})
_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


def problems_of(folder: Path) -> list[str]:
    """One sentence for each thing that is wrong with the site in *folder*."""
    pages = {path: _read(path) for path in sorted(folder.rglob("*.html"))}
    return [*_elsewhere(folder, pages), *_nowhere(folder, pages)]


@dataclass
class _Read(HTMLParser):
    """A page: what it loads, what it leads to, and what in it can be led to."""

    loads: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.leads.append(said["href"])
        if tag == "link" and said.get("rel") not in _SAYS:
            self.loads.append(said.get("href", ""))
        if tag in _LOADS:
            self.loads.append(said.get(_LOADS[tag], ""))
        if "mermaid" in said.get("class", "").split():
            # The theme would fetch the program that draws it.
            self.loads.append("//unpkg.com/mermaid")
        self.loads += _STYLE.findall(said.get("style", ""))


def _read(path: Path) -> _Read:
    page = _Read()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _elsewhere(folder: Path, pages: dict[Path, _Read]) -> Iterator[str]:
    """What would be asked of another host."""
    for path, page in pages.items():
        for where in page.loads:
            if urlsplit(where).netloc:
                yield f"{path.relative_to(folder)} loads {where}, which is not a part of the site"
    for path in sorted(folder.rglob("*.css")):
        for where in _STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)} loads {where}, which is not a part of the site"


def _nowhere(folder: Path, pages: dict[Path, _Read]) -> Iterator[str]:
    """What leads to no file of the site, or to no place in it."""
    for path, page in pages.items():
        for link in dict.fromkeys(page.leads + page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            # The page that is shown for one that is not there may be anywhere: it counts from the root.
            start = folder if parts.path.startswith("/") else path.parent
            target = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                yield f"{path.relative_to(folder)} leads to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path.relative_to(folder)} leads to {link}, and there is no such place"
