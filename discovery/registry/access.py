"""How requests get to Consul, beside what they ask: the address, the encryption, the proxy, the token.

Token and certificates are in files that others replace while we run, so these are looked at again and again; a request
takes what was found last. Nothing here needs an event loop, since commands have none.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from threading import Lock
from urllib.parse import unquote, urlsplit

from discovery.config import MeshConfig
from discovery.login import without_login
from discovery.registry.fresh import Fresh
from discovery.registry.handshake import Misgiving, misgiving
from discovery.variables import read_token

_UNIX = "unix://"


class Access:
    """What every connection to the Consul of *config* has in common. ``who`` names it to people.

    What is in files is known once they were looked at.
    """

    def __init__(self, config: MeshConfig) -> None:
        url = config.consul_url.rstrip("/")
        self.socket = url.removeprefix(_UNIX) if url.startswith(_UNIX) else ""
        # A socket has no name, and a request needs one.
        self.base_url = "http://localhost" if self.socket else url
        self.encrypted = url.startswith("https:")
        proxy = urlsplit(config.consul_proxy)
        self.proxy = without_login(config.consul_proxy) if config.consul_proxy else ""
        self.proxy_login = (unquote(proxy.username or ""), unquote(proxy.password or ""))
        self.who = f"Consul at {without_login(url)}" + (f" (by way of the proxy at {self.proxy})" if self.proxy else "")
        # What goes with every request, whatever it asks.
        scope = {"ns": config.consul_namespace, "partition": config.consul_partition}
        self.scope = tuple((name, value) for name, value in scope.items() if value)
        self.datacenter = config.consul_datacenter
        self.service = config.name
        self._tls = config.consul_tls
        file = "" if config.consul_token else config.consul_token_file
        self._token = Fresh(config.consul_token, lambda: [Path(file)] if file else [], lambda: self._read(file))
        usual = not self.encrypted or self._tls == type(self._tls)()
        self._context: Fresh[ssl.SSLContext | None] = Fresh(
            None, lambda: [] if usual else self._tls.files(), lambda: None if usual else self._tls.context()
        )
        # Whether there is anything that may change.
        self.changes = bool(file) or not usual
        self._looking = Lock()

    @property
    def token(self) -> str:
        """The token that is used now; empty without one."""
        return self._token.value

    @property
    def context(self) -> ssl.SSLContext | None:
        """How a connection that is made now is encrypted; None where nobody said anything about that."""
        return self._context.value

    @property
    def server_name(self) -> str:
        """The name in the agent's certificate, where it is not that in its address."""
        return self._tls.server_name

    @property
    def trouble(self) -> str:
        """Why what is in the files now is not used."""
        token = f"consul_token_file: {self._token.trouble}" if self._token.trouble else ""
        return "; ".join(filter(None, [token, self._context.trouble]))

    def look(self, *, closely: bool = False) -> None:
        """Look at the files; into that of the token, if *closely*. Blocks as long as a disk does."""
        with self._looking:
            self._token.look(closely=closely)
            self._context.look()

    def misgiving(self, error: ssl.SSLError) -> Misgiving:
        """What a failure to agree on TLS means, and what to do about it."""
        return misgiving(error, self._tls)

    def _read(self, file: str) -> str:
        if not file:
            return self._token.value
        token = read_token(file)
        if not token and self._token.value:
            raise ValueError("the file is empty")
        return token
