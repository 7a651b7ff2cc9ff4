"""The connection of a command to Consul: plain, over TLS, over a unix socket, by way of a proxy."""

from __future__ import annotations

import base64
import socket
import ssl
from http.client import HTTPConnection
from urllib.parse import unquote, urlsplit

from discovery.login import without_login
from discovery.registry.access import Access

# The same as the library's limit of a handshake.
CONNECT_S = 2.0


class ConsulConnection(HTTPConnection):
    """One connection. ``target`` is what to ask it for, for a path: a proxy wants to know the whole address."""

    def __init__(self, access: Access) -> None:
        self._access = access
        here = urlsplit(access.base_url)
        proxy = urlsplit(access.proxy)
        self.prefix = here.path.rstrip("/")
        login = unquote(here.username or ""), unquote(here.password or "")
        self.headers = {"Authorization": _basic(*login)} if any(login) else {}
        first, port = (proxy, 80) if access.proxy else (here, 443 if access.encrypted else 80)
        super().__init__(first.hostname or "", first.port or port, timeout=CONNECT_S)
        if access.proxy:
            to_proxy = {"Proxy-Authorization": _basic(*access.proxy_login)} if any(access.proxy_login) else {}
            if access.encrypted:
                self.set_tunnel(here.hostname or "", here.port or 443, headers=to_proxy)
            else:
                self.prefix, self.headers = without_login(access.base_url), self.headers | to_proxy
        self._name = access.server_name or here.hostname or ""

    def connect(self) -> None:
        """Connect, with the encryption that the settings ask for."""
        if self._access.socket:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(CONNECT_S)
            self.sock.connect(self._access.socket)
        else:
            super().connect()
        if self._access.encrypted:
            context = self._access.context or ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._name)
        self.sock.settimeout(None)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin1", "replace")).decode()
