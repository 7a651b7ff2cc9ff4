"""The loops that tell listeners what is new. While nobody listens they ask for nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

import discovery
from discovery.web import Problem
from observability.console.answers import Answers
from observability.console.ingest.recorder import Recorder
from observability.console.live.catalogue import Catalogue
from observability.console.live.live import Live

# How old the ages and loads on a page may be when nothing happens.
_RENEW_S = 5.0
# A hundred instances that change at once are one piece of news.
_SETTLE_S = 0.2
# Twice a second is as often as an eye follows a number.
_TRACES_S = 0.5


async def tell_services(live: Live, catalogue: Catalogue, answers: Answers, around: discovery.Surroundings) -> NoReturn:
    """Tell whatever changes in the registry, and every now and then how old it is."""
    seen = catalogue.state()
    while True:
        await live.somebody()
        await catalogue.changed(seen, _RENEW_S)
        seen = catalogue.state()
        live.tell("services", await answers.services())
        await around.clock.sleep(_SETTLE_S)


async def tell_traces(live: Live, recorder: Recorder, answers: Answers, around: discovery.Surroundings) -> NoReturn:
    """Tell that something was stored."""
    seen = recorder.sequence
    while True:
        await live.somebody()
        seen = await recorder.news(seen)
        with suppress(Problem):  # the database is away, and tells more when it is back
            live.tell("traces", await answers.news())
        await around.clock.sleep(_TRACES_S)
