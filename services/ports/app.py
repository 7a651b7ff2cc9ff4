"""The ports over HTTP."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.engine import URL

from discovery.web import Problem
from discovery.web.validation import read_document, read_query
from services.kit.application import application
from services.kit.database import Database
from services.kit.paging import page_response
from services.kit.record_id import ID, record_id
from services.kit.records import Records
from services.kit.validation import read_replacement
from services.ports.model import Port, PortDraft, PortQuery
from services.ports.table import PORTS, SEED

STORE = web.AppKey("ports", Records[PortDraft, Port])


def build(url: URL) -> web.Application:
    """The service, with its data at *url*. ``/port`` is another name for ``/ports``."""
    database = Database(url, PORTS, SEED)
    app = application(database)
    app[STORE] = Records(database, PORTS, Port)
    for path in ("/ports", "/port"):
        app.router.add_get(path, list_ports)
        app.router.add_post(path, add_port)
        app.router.add_get(f"{path}/{ID}", read_port)
        app.router.add_put(f"{path}/{ID}", replace_port)
        app.router.add_delete(f"{path}/{ID}", delete_port)
    return app


async def list_ports(request: web.Request) -> web.Response:
    """``GET /ports?laptop=&name=&connector=&limit=&after=``."""
    query = read_query(request, PortQuery)
    asked = query.model_dump(include={"laptop", "name", "connector"}, exclude_none=True)
    found = await request.app[STORE].page(query, *(PORTS.c[column] == value for column, value in asked.items()))
    return page_response(request, found, query.limit)


async def add_port(request: web.Request) -> web.Response:
    """``POST /ports``."""
    port = await request.app[STORE].add(await read_document(request, PortDraft))
    return web.json_response(port.model_dump(), status=201, headers={"Location": f"/ports/{port.id}"})


async def read_port(request: web.Request) -> web.Response:
    """``GET /ports/{id}``."""
    port = _found(await request.app[STORE].get(record_id(request)))
    return web.json_response(port.model_dump())


async def replace_port(request: web.Request) -> web.Response:
    """``PUT /ports/{id}``."""
    wanted = record_id(request)
    port = _found(await request.app[STORE].replace(wanted, await read_replacement(request, PortDraft, wanted)))
    return web.json_response(port.model_dump())


async def delete_port(request: web.Request) -> web.Response:
    """``DELETE /ports/{id}``: 204 also when it is gone already."""
    await request.app[STORE].remove(record_id(request))
    return web.Response(status=204)


def _found(port: Port | None) -> Port:
    if port is None:
        raise Problem(404, "there is no such port")
    return port
