from __future__ import annotations

from benchmarks import gateway
from benchmarks.page import replaced


def test_the_page_says_what_the_published_figures_say() -> None:
    publication = gateway.ROOM.publication
    page = publication.page.read_text(encoding="utf-8")

    assert publication.command in page
    assert replaced(page, publication.section(publication.published())) == page
