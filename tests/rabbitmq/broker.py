"""RabbitMQ as tests need it: it speaks TLS as well, and can be told what to make."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

from benchmarks.chaos.rabbitmq import Broker
from launcher.local import free_ports
from tests.certificates import Authority


class ToldBroker(Broker):
    """A broker with another port for TLS, and an API."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._secure, self._http = free_ports(2)
        self._authority = Authority(folder)
        certificate = self._authority.signs("127.0.0.1")
        settings = {
            "listeners.ssl.1": f"127.0.0.1:{self._secure}",
            "ssl_options.certfile": certificate.cert,
            "ssl_options.keyfile": certificate.key,
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self._http,
        }
        super().__init__(folder, programs, plugins=("rabbitmq_management",), settings=settings)

    @property
    def secure(self) -> str:
        """Its first virtual host by TLS, with the authority that signs its certificate."""
        return f"{self.at('amqps', self._secure)}?cafile={self._authority.file}"

    @property
    def api(self) -> str:
        """By which it is told what to make."""
        return f"{self.at('http', self._http)}api"


def call(method: str, url: str, **document: object) -> object:
    """Ask the API of a broker, by a URL that holds who asks."""
    place, _, path = url.removeprefix("http://").partition("/")
    who, _, host = place.rpartition("@")
    headers = {"Authorization": f"Basic {b64encode(who.encode()).decode()}", "Content-Type": "application/json"}
    asking = urllib.request.Request(
        f"http://{host}/{path}", json.dumps(document).encode() if document else None, headers, method=method
    )
    try:
        with urllib.request.urlopen(asking, timeout=30) as answer:  # noqa: S310 - likewise
            raw = answer.read()
    except urllib.error.HTTPError as error:
        if method == "DELETE" and error.code == 404:
            return None
        raise
    return json.loads(raw) if raw else None
