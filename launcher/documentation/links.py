"""A hook of MkDocs: what the documents link to outside `docs/` becomes a part of the site.

A document says `[figures](../benchmarks/results/calls.json)`, which is right where the repository is read. On the
site there is nothing outside `docs/`, so whatever is linked to is brought in below `repository/`, at the path that it
has here, along with what that links to: a document as a page, JSON as it is, other text as a page that shows it.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

# The room of the site for what is outside docs/.
REPOSITORY = "repository"

# A fence with what is in it, or code in a line, or the target of a link.
_CODE_OR_LINK = re.compile(
    r"(?P<code>^(?P<fence> *(?:```|~~~)).*?^(?P=fence)|(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`))"
    r"|(?<=\]\()(?P<target>[^)\s#:]+)(?=[)#])",
    re.DOTALL | re.MULTILINE,
)

# A page that shows what is no document.
_SHOWN = """\
---
search:
  exclude: true
---

# {path}

``````{language}
{text}
``````
"""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Bring in what is linked to, and what the navigation names."""
    root = Path(config.config_file_path).parent
    waiting = [path for path in _named(config.nav) if path.startswith(f"{REPOSITORY}/")]
    waiting = [path.removeprefix(f"{REPOSITORY}/") for path in waiting]
    for file in files.documentation_pages():
        waiting.extend(_outside(root, _source(file.src_uri), file.content_string))
    brought: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in brought:
            brought.add(path)
            files.append(_brought(root, path, config))
            if path.endswith(".md"):
                waiting.extend(_outside(root, path, Path(root, path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Say where on the site the targets of a page are."""
    root, source = Path(config.config_file_path).parent, _source(page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)

    def on_site(found: re.Match[str]) -> str:
        if not (target := found["target"]):
            return found[0]
        path = _document(root, posixpath.normpath(posixpath.join(posixpath.dirname(source), target)))
        # What is nowhere stays as it is, and MkDocs tells it.
        return posixpath.relpath(_place(path), here or ".") if path else target

    return _CODE_OR_LINK.sub(on_site, markdown)


def _named(nav: Any) -> Iterator[str]:
    """Every path in the navigation."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, Iterable):
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(part)


def _outside(root: Path, source: str, markdown: str) -> Iterator[str]:
    """The paths outside docs/ that the document at *source* links to."""
    for found in _CODE_OR_LINK.finditer(markdown):
        if found["target"]:
            path = _document(root, posixpath.normpath(posixpath.join(posixpath.dirname(source), found["target"])))
            if path and not path.startswith("docs/"):
                yield path


def _source(uri: str) -> str:
    """Where in the repository the page with this *uri* comes from."""
    if not uri.startswith(f"{REPOSITORY}/"):
        return f"docs/{uri}"
    path = uri.removeprefix(f"{REPOSITORY}/")
    return path.removesuffix(".md") if Path(path.removesuffix(".md")).suffix else path


def _place(path: str) -> str:
    """Where the site has what is at *path* in the repository."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"{REPOSITORY}/{path}" if path.endswith((".md", ".json")) else f"{REPOSITORY}/{path}.md"


def _document(root: Path, path: str) -> str:
    """The file that stands for *path*, a folder's README.md for it; nothing where there is none."""
    if path.startswith(".."):
        return ""
    if Path(root, path).is_dir():
        path = posixpath.join(path, "README.md")
    return path if Path(root, path).is_file() else ""


def _brought(root: Path, path: str, config: MkDocsConfig) -> File:
    place, source = _place(path), Path(root, path)
    if place.endswith(path):
        how: dict[str, Any] = {"abs_src_path": os.fspath(source)}
    else:
        text = source.read_text(encoding="utf-8").rstrip("\n")
        how = {
            "content": f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n``````{source.suffix[1:]}\n{text}\n``````\n"
        }
    return File.generated(config, place, inclusion=InclusionLevel.NOT_IN_NAV, **how)
