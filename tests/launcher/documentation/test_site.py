"""`mesh docs`: what is wrong with the documentation is told before somebody reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery.errors import ConfigError
from launcher.documentation import build_site
from launcher.documentation.built import problems_of
from launcher.main import mesh
from launcher.plan import ROOT

_CONFIGURATION = f"""\
site_name: Small
theme: {{name: mkdocs, highlightjs: false}}
use_directory_urls: false
hooks: [{ROOT}/launcher/documentation/links.py]
plugins: []
validation:
  nav: {{omitted_files: warn}}
  links: {{anchors: warn, not_found: warn}}
nav: [index.md]
"""


class Checkout:
    """A small repository with documents."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "site"
        self.write("mkdocs.yml", _CONFIGURATION)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def build(self) -> list[str]:
        return build_site(self.site, self.root / "mkdocs.yml")

    def read(self, path: str) -> str:
        return (self.site / path).read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the documentation itself."""
    folder = tmp_path_factory.mktemp("built") / "site"
    assert build_site(folder) == []
    return folder


def test_what_documents_link_to_outside_their_folder_is_on_the_site(checkout: Checkout) -> None:
    checkout.write(
        "docs/index.md", "# Here\n\n[a](../README.md#more) [b](../figures/one.json) [c](../tools) `[d](../x)`\n"
    )
    checkout.write(
        "README.md", "# Readme\n\n## More\n\n[back](docs/index.md#here) [way](tools/way.py)\n\n![p](docs/p.svg)\n"
    )
    checkout.write("docs/p.svg", "<svg/>")
    checkout.write("figures/one.json", "{}")
    checkout.write("tools/README.md", "# Tools\n")
    checkout.write("tools/way.py", "way = '```'\n")

    assert checkout.build() == []

    here = checkout.read("index.html")
    assert all(
        f'href="repository/{where}"' in here for where in ("index.html#more", "figures/one.json", "tools/index.html")
    )
    assert "[d](../x)" in here
    assert 'href="../index.html#here"' in checkout.read("repository/index.html")
    assert 'src="../p.svg"' in checkout.read("repository/index.html")
    assert "way = '```'" in checkout.read("repository/tools/way.py.html").replace("&#39;", "'")
    assert checkout.read("repository/figures/one.json") == "{}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a](nowhere.md)", "nowhere.md"),
        ("[a](../nowhere.md)", "../nowhere.md"),
        ("[a](../../outside.md)", "../../outside.md"),
        ("[a](#nowhere)", "#nowhere"),
        ("[a](../README.md#nowhere)", "#nowhere"),
        ('<a href="nowhere.html">a</a>', "leads to nowhere.html, which is not there"),
        ('<a href="index.html#nowhere">a</a>', "leads to index.html#nowhere, and there is no such place"),
        ('<img src="https://example.org/a.png">', "loads https://example.org/a.png, which is not a part of the site"),
        ('<p style="background: url(//example.org/a.png)">', "loads //example.org/a.png"),
        ('<pre class="mermaid">a</pre>', "loads //unpkg.com/mermaid"),
    ],
)
def test_what_leads_nowhere_or_comes_from_elsewhere_is_told(checkout: Checkout, text: str, told: str) -> None:
    checkout.write("README.md", "# Readme\n")
    checkout.write("docs/index.md", f"# Here\n\n{text}\n")

    assert any(told in problem for problem in checkout.build())


def test_a_page_that_is_in_no_navigation_is_told(checkout: Checkout) -> None:
    checkout.write("docs/index.md", "# Here\n")
    checkout.write("docs/forgotten.md", "# Forgotten\n")

    assert any("forgotten.md" in problem for problem in checkout.build())


def test_a_style_sheet_that_asks_another_host_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import 'https://example.org/fonts.css'; p { background: url(a.png) }")

    assert problems_of(tmp_path) == ["a.css loads https://example.org/fonts.css, which is not a part of the site"]


def test_a_configuration_that_makes_no_sense_is_told(checkout: Checkout) -> None:
    checkout.write("docs/index.md", "# Here\n")
    checkout.write("mkdocs.yml", "site_name: Small\ntheme: nowhere\n")

    assert any("nowhere" in problem for problem in checkout.build())


def test_a_folder_that_holds_something_else_is_not_built_over(checkout: Checkout) -> None:
    checkout.write("docs/index.md", "# Here\n")
    checkout.write("site/mine.txt", "dear to me")

    with pytest.raises(ConfigError, match="holds something that is no site"):
        checkout.build()
    assert checkout.read("mine.txt") == "dear to me"


def test_a_site_takes_the_place_of_the_one_before(checkout: Checkout) -> None:
    checkout.write("docs/index.md", "# Here\n")
    checkout.build()
    checkout.write("docs/index.md", "# There\n")

    assert checkout.build() == []
    assert "There" in checkout.read("index.html")


def test_the_command_says_what_is_wrong_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("launcher.documentation.check_site", lambda: ["a.md leads nowhere"])

    assert mesh.main(["docs", "--check"], standalone_mode=False) == 1
    assert capsys.readouterr().out == "✗ a.md leads nowhere\n"


def test_examples_of_docstrings_are_shown_as_code(site: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))

    assert "::</p>" not in text
    assert ":class:" not in text
    assert '<span class="k">async</span>' in text
