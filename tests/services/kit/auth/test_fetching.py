"""What an issuer says is keys only if it is a document, whole, from where we asked, and not beyond all measure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

import discovery
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import fetch_keys
from services.kit.auth.keys import WrongKeys
from tests.services.issuer import KEYS_PATH, IssuerDouble


@asynccontextmanager
async def issuing(answer: web.Response, issuer: IssuerDouble) -> AsyncIterator[tuple[discovery.Mesh, Issuer]]:
    """An issuer outside of the mesh: *answer* is what it says of its keys, which are at ``/elsewhere``, too."""

    async def say(request: web.BaseRequest) -> web.StreamResponse:
        return answer if request.path == KEYS_PATH else web.Response(body=issuer.document)

    config = discovery.MeshConfig(name="ports")
    async with RawTestServer(say) as server, discovery.Mesh(config, registry=discovery.StaticRegistry()) as mesh:
        yield mesh, Issuer(f"http://127.0.0.1:{server.port}", "mesh")


async def test_an_issuer_may_be_outside_of_the_mesh() -> None:
    issuer = IssuerDouble()
    async with issuing(web.Response(body=issuer.document), issuer) as (mesh, outside):
        assert await fetch_keys(mesh, outside) == issuer.document


async def test_a_document_as_large_as_may_be_is_read_and_a_larger_one_is_not() -> None:
    issuer = IssuerDouble()
    async with issuing(web.Response(body=b" " * 65_536), issuer) as (mesh, outside):
        assert len(await fetch_keys(mesh, outside)) == 65_536
    async with issuing(web.Response(body=b" " * 65_537), issuer) as (mesh, outside):
        with pytest.raises(WrongKeys, match="more than 65536 bytes"):
            await fetch_keys(mesh, outside)


async def test_a_small_answer_that_unfolds_into_a_large_one_is_not_read() -> None:
    answer = web.Response(body=b" " * 50_000_000)
    answer.enable_compression(web.ContentCoding.gzip)
    async with issuing(answer, IssuerDouble()) as (mesh, outside):
        with pytest.raises(WrongKeys, match="more than 65536 bytes"):
            await fetch_keys(mesh, outside)


@pytest.mark.parametrize("status", [201, 204, 304, 404, 500, 503])
async def test_what_comes_with_another_status_is_not_read(status: int) -> None:
    issuer = IssuerDouble()
    async with issuing(web.Response(status=status, body=issuer.document), issuer) as (mesh, outside):
        with pytest.raises(WrongKeys, match=f"it answers {status}"):
            await fetch_keys(mesh, outside)


async def test_nobody_is_followed_to_elsewhere() -> None:
    answer = web.Response(status=302, headers={"Location": "/elsewhere"})
    async with issuing(answer, IssuerDouble()) as (mesh, outside):
        with pytest.raises(WrongKeys, match="it answers 302"):
            await fetch_keys(mesh, outside)
