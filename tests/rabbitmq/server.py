"""The broker as the tests see it: a virtual host for whoever asks."""

from __future__ import annotations

from typing import Any, Self

from yarl import URL

from tests.rabbitmq.broker import call


class RabbitMQServer:
    """Makes virtual hosts. *worker* is in their names, since others of the same run make theirs."""

    def __init__(self, url: URL, secure: URL, api: str, worker: str) -> None:
        self._url = url
        self._secure = secure
        self._api = api
        self._worker = worker

    @classmethod
    def found(cls, urls: str, worker: str) -> Self:
        """That which was started elsewhere, by the URLs that say where."""
        url, secure, api = urls.split()
        return cls(URL(url), URL(secure), api, worker)

    def host(self, name: str) -> URL:
        """An empty virtual host, whatever was in it before."""
        own = f"{self._worker}_{name}"
        call("DELETE", f"{self._api}/vhosts/{own}")
        call("PUT", f"{self._api}/vhosts/{own}")
        return self._url.with_path(f"/{own}")

    def secure(self, host: URL) -> URL:
        """The same virtual host by TLS, with whom to trust for that."""
        return self._secure.with_path(host.path, keep_query=True)

    def queue(self, host: URL, name: str) -> Any:
        """What the broker knows of a queue."""
        return call("GET", f"{self._api}/queues{host.path}/{name}")

    def delete(self, host: URL, name: str) -> None:
        """Delete a queue, with all that is in it."""
        call("DELETE", f"{self._api}/queues{host.path}/{name}")
