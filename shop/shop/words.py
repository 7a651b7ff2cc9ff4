"""words: knows how to greet."""

from aiohttp import web

import discovery
import observability

HELLO = {"de": "Hallo", "en": "Hello", "fr": "Bonjour"}


async def hello(request: web.Request) -> web.Response:
    language = request.match_info["language"]
    if language not in HELLO:
        raise web.HTTPNotFound(text=f"no word for hello is known in {language!r}\n")
    return web.json_response({"word": HELLO[language]})


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/hello/{language}", hello)
    return app


if __name__ == "__main__":
    discovery.run(application(), "words", observe=observability.observer)
