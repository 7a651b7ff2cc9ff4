"""From a template to an answer."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

import discovery
import observability
from services.kit.pages.assets import Assets
from services.kit.pages.environment import environment
from services.marketplace import drawings, order_words, wording
from services.marketplace.addresses import page_of
from services.marketplace.drawings import Drawing, Drawings
from services.marketplace.visiting import VISITOR
from services.marketplace.wanted import CONNECTORS, SCREENS, SORTS, WATTS

HOME = Path(__file__).parent


class Renderer:
    """Knows the templates, and what every page has at its foot."""

    def __init__(self, assets: Assets, console_url: str) -> None:
        self.drawings = Drawings(self._draw)
        self._environment = environment(
            HOME,
            asset=assets.url,
            connector=wording.connector,
            day=order_words.day,
            outcome=order_words.outcome,
            state=order_words.state,
            steps=order_words.steps,
            connectors=CONNECTORS,
            console_url=console_url,
            drawn_above=lambda laptop, sides: self.drawings.url(drawings.above(laptop, sides)),
            drawn_front=lambda laptop: self.drawings.url(drawings.front(laptop)),
            fitted=wording.fitted,
            form=wording.form,
            moment=wording.moment,
            money=wording.money,
            most_watts=wording.most_watts,
            screens=SCREENS,
            sentence=wording.sentence,
            sides=wording.sides,
            sorts=SORTS,
            tint=wording.tint,
            watts_asked=WATTS,
        )

    def part(self, template: str, **facts: Any) -> str:
        """A part of a page, by itself."""
        return self._environment.get_template(template).render(facts)

    def page(
        self, request: web.Request, template: str, *, status: int = 200, whole: bool = True, **facts: Any
    ) -> web.Response:
        """The page that *template* makes of *facts*; one that is not *whole* may be better at the next moment.

        Who logs in comes back to it, unless *facts* have another place that is ``here``.
        """
        config = request.app[discovery.MESH].config
        here = page_of(request) if status == HTTPStatus.OK else "/"
        text = self._environment.get_template(template).render(
            {"here": here, **facts},
            instance=config.instance_id or config.name,
            trace_id=observability.current_trace_id(),
            visitor=request.get(VISITOR),
        )
        # What a page shows depends on who looks.
        caching = "private, no-cache" if whole else "no-store"
        return web.Response(
            text=text, status=status, content_type="text/html", charset="utf-8", headers={"Cache-Control": caching}
        )

    def _draw(self, drawing: Drawing) -> str:
        return self._environment.get_template(f"drawings/{drawing.template}.svg").render(drawing=drawing)
