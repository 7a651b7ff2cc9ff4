"""The laptops over HTTP."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from discovery.web import Problem
from discovery.web.validation import read_document, read_query
from services.kit.application import application
from services.kit.database import Database
from services.kit.paging import page_response
from services.kit.record_id import ID, record_id
from services.kit.records import Records
from services.kit.validation import read_replacement
from services.laptops.fitted import fitted
from services.laptops.model import Laptop, LaptopDraft, LaptopQuery
from services.laptops.table import LAPTOPS, SEED

STORE = web.AppKey("laptops", Records[LaptopDraft, Laptop])


def build(url: URL) -> web.Application:
    """The service, with its data at *url*."""
    database = Database(url, LAPTOPS, SEED)
    app = application(database)
    app[STORE] = Records(database, LAPTOPS, Laptop)
    app.on_startup.append(follow_ports)
    app.router.add_get("/laptops", list_laptops)
    app.router.add_post("/laptops", add_laptop)
    app.router.add_get(f"/laptops/{ID}", read_laptop)
    app.router.add_put(f"/laptops/{ID}", replace_laptop)
    app.router.add_delete(f"/laptops/{ID}", delete_laptop)
    return app


async def follow_ports(app: web.Application) -> None:
    """Know the ports service before the first reader needs it, since the registry may be away by then."""
    app[discovery.MESH].view("ports")


async def list_laptops(request: web.Request) -> web.Response:
    """``GET /laptops?title=&model=&limit=&after=``."""
    query = read_query(request, LaptopQuery)
    conditions = []
    if query.title is not None:
        conditions.append(LAPTOPS.c.title.icontains(query.title, autoescape=True))
    if query.model is not None:
        conditions.append(LAPTOPS.c.model == query.model)
    return page_response(request, await request.app[STORE].page(query, *conditions), query.limit)


async def add_laptop(request: web.Request) -> web.Response:
    """``POST /laptops``."""
    laptop = await request.app[STORE].add(await read_document(request, LaptopDraft))
    return web.json_response(laptop.model_dump(), status=201, headers={"Location": f"/laptops/{laptop.id}"})


async def read_laptop(request: web.Request) -> web.Response:
    """``GET /laptops/{id}``: with its ports, or with a notice that they are missing."""
    laptop = _found(await request.app[STORE].get(record_id(request)))
    return web.json_response(laptop.model_dump() | await fitted(request.app[discovery.MESH], laptop.id))


async def replace_laptop(request: web.Request) -> web.Response:
    """``PUT /laptops/{id}``."""
    wanted = record_id(request)
    laptop = _found(await request.app[STORE].replace(wanted, await read_replacement(request, LaptopDraft, wanted)))
    return web.json_response(laptop.model_dump())


async def delete_laptop(request: web.Request) -> web.Response:
    """``DELETE /laptops/{id}``: 204 also when it is gone already."""
    await request.app[STORE].remove(record_id(request))
    return web.Response(status=204)


def _found(laptop: Laptop | None) -> Laptop:
    if laptop is None:
        raise Problem(404, "there is no such laptop")
    return laptop
