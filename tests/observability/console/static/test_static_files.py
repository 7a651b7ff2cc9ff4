"""The console's page needs nobody else: its files are local, licensed, unaltered, short and safe."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).resolve().parents[4] / "observability" / "console" / "static"
VENDOR = STATIC / "vendor"
TEXT = {".css", ".html", ".js", ".svg"}

# Names of vocabularies, which nobody fetches.
NAMESPACES = re.compile(r"http://www\.w3\.org/(?:2000/svg|1999/xlink|1999/xhtml)\b")
LICENCES = {"MIT", "Apache-2.0", "OFL-1.1"}


def ours() -> Iterator[Path]:
    return (path for path in sorted(STATIC.rglob("*")) if path.suffix in TEXT and VENDOR not in path.parents)


def name(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


OURS = {name(path): path for path in ours()}
SCRIPTS = {file: path for file, path in OURS.items() if path.suffix == ".js"}
SHEETS = {file: path for file, path in OURS.items() if path.suffix == ".css"}
MANIFEST: list[dict[str, Any]] = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
BORROWED = {row["file"]: row for row in MANIFEST}


class Page(HTMLParser):
    """What the page's document brings with it."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        for attribute, value in attrs:
            if attribute in {"src", "href"}:
                self.addresses.append(value or "")
            if attribute == "style" or attribute.startswith("on"):
                self.inline.append(f"{tag} {attribute}")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"} and data.strip():
            self.inline.append(self._within)


PAGE = Page(OURS["index.html"].read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", BORROWED)
def test_what_others_wrote_is_as_they_published_it(file: str) -> None:
    assert hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() == BORROWED[file]["sha256"]


@pytest.mark.parametrize("file", BORROWED)
def test_what_others_wrote_says_where_it_is_from_and_has_its_licence_beside_it(file: str) -> None:
    row = BORROWED[file]

    assert all(row[key] for key in ("name", "version", "source"))
    assert set(row["licence"].split(" AND ")) <= LICENCES
    assert len(row["licences"]) >= len(row["licence"].split(" AND "))
    assert all((VENDOR / licence).stat().st_size > 500 for licence in row["licences"])


def test_the_manifest_names_every_borrowed_file() -> None:
    known = {"README.md", "manifest.json", *BORROWED, *(text for row in MANIFEST for text in row["licences"])}

    assert {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()} == known


@pytest.mark.parametrize("file", [*OURS, *(f"vendor/{file}" for file in BORROWED if file.endswith(".js"))])
def test_nothing_is_fetched_from_elsewhere(file: str) -> None:
    text = NAMESPACES.sub("", (STATIC / file).read_text(encoding="utf-8"))

    assert re.findall(r"(?:https?|wss?)://[^\s\"'`)]*", text) == []
    assert re.findall(r"(?:url\(|@import)\s*[\"']?(?://|data:)[^)]*", text) == []


@pytest.mark.parametrize("file", OURS)
def test_no_file_is_longer_than_250_lines(file: str) -> None:
    assert len(OURS[file].read_text(encoding="utf-8").splitlines()) <= 250


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    assert PAGE.inline == []


def test_the_page_names_files_that_exist() -> None:
    assert PAGE.addresses
    assert all((STATIC / address.removeprefix("/static/")).is_file() for address in PAGE.addresses)


def test_every_style_sheet_is_on_the_page() -> None:
    assert {address.removeprefix("/static/") for address in PAGE.addresses if address.endswith(".css")} == set(SHEETS)


def test_the_page_asks_for_every_module_at_once() -> None:
    borrowed = {f"vendor/{file}" for file in BORROWED if file.endswith(".js")}
    named = {address.removeprefix("/static/") for address in PAGE.addresses if address.endswith(".js")}

    assert named == {*SCRIPTS, *borrowed}


@pytest.mark.parametrize("file", SHEETS)
def test_a_style_sheet_names_files_that_exist(file: str) -> None:
    addresses = re.findall(r"url\([\"']?([^\"')]+)", SHEETS[file].read_text(encoding="utf-8"))

    assert all((SHEETS[file].parent / address).is_file() for address in addresses)


def imported(path: Path) -> set[Path]:
    found = re.findall(
        r"^(?:import|export|\})[^;]*? from \"([^\"]+)\";$", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(path.parent / address).resolve() for address in found}


@pytest.mark.parametrize("file", SCRIPTS)
def test_a_script_imports_files_that_exist(file: str) -> None:
    assert {path for path in imported(SCRIPTS[file]) if not path.is_file()} == set()


def test_every_script_is_used() -> None:
    waiting = [STATIC / "main.js", STATIC / "early.js"]
    used: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in used:
            used.add(path)
            waiting += [] if VENDOR in path.parents else imported(path)

    assert {*SCRIPTS.values()} - used == set()


@pytest.mark.parametrize("file", SCRIPTS)
def test_a_script_makes_neither_markup_nor_code_of_text(file: str) -> None:
    text = SCRIPTS[file].read_text(encoding="utf-8")
    dangers = (
        r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(|new Function|srcdoc"
    )

    assert re.findall(dangers, text) == []


@pytest.mark.parametrize("file", [file for file in SCRIPTS if file != "early.js"])
def test_what_a_script_exports_is_explained(file: str) -> None:
    lines = SCRIPTS[file].read_text(encoding="utf-8").splitlines()
    exported = [
        number for number, line in enumerate(lines) if line.startswith("export ") and not line.startswith("export {")
    ]

    assert [lines[number] for number in exported if not lines[number - 1].rstrip().endswith("*/")] == []
