"""greeter: greets, with a word that it asks another service for."""

import os

from aiohttp import web

import discovery
import observability


async def greet(request: web.Request) -> web.Response:
    language = request.query.get("in") or os.environ.get("GREETER_LANGUAGE", "en")
    async with request.app[discovery.MESH].get(f"http://words/hello/{language}") as response:
        if response.status == 404:
            raise web.HTTPNotFound(text=await response.text())
        response.raise_for_status()
        answer = await response.json()
    return web.json_response({"greeting": f"{answer['word']}, world"})


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/hello", greet)
    return app


if __name__ == "__main__":
    discovery.run(application(), "greeter", observe=observability.observer)
