"""Both services in this process, beside a Consul agent in memory; and greeter alone, beside a words that fails."""

import pytest

import discovery
from discovery.testing import ClientFactory, MeshStub, ServiceFactory
from shop import greeter, words


@pytest.mark.parametrize(("query", "greeting"), [("", "Hello, world"), ("?in=fr", "Bonjour, world")])
async def test_greeter_greets_with_the_word_that_words_knows(
    mesh: discovery.Mesh, mesh_service: ServiceFactory, query: str, greeting: str
) -> None:
    await mesh_service("words", words.application())
    await mesh_service("greeter", greeter.application())
    async with mesh.get(f"http://greeter/hello{query}") as response:
        assert (response.status, await response.json()) == (200, {"greeting": greeting})


async def test_a_language_that_words_does_not_know_is_not_found(
    mesh_client: ClientFactory, mesh_stub: MeshStub
) -> None:
    mesh_stub.get("words", "/hello/tlh").answers(404, text="no word\n")
    client = await mesh_client(greeter.application())
    async with client.get("/hello?in=tlh") as response:
        assert (response.status, await response.text()) == (404, "no word\n")


async def test_a_connection_that_breaks_off_is_not_noticed(mesh_client: ClientFactory, mesh_stub: MeshStub) -> None:
    mesh_stub.get("words", "/hello/en").fails("reset").answers(json={"word": "Hello"})
    client = await mesh_client(greeter.application())
    async with client.get("/hello") as response:
        assert await response.json() == {"greeting": "Hello, world"}
