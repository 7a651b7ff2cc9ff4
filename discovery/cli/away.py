"""Why an agent gave no answer: each way of failing has its own sentence, and what to do about it."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPException

from discovery.cli.connection import CONNECT_S
from discovery.cli.text import clip
from discovery.errors import RegistryUnavailable
from discovery.registry.access import Access


class Away(RegistryUnavailable):
    """There was no answer. ``kind`` says why: ``name``, ``refused``, ``silent``, ``tls`` or ``broken``.

    ``text`` is what was seen, and ``advice`` what to do about it, where that is known.
    """

    def __init__(self, kind: str, text: str, advice: str = "") -> None:
        super().__init__(f"{text}: {advice}" if advice else text)
        self.kind, self.text, self.advice = kind, text, advice


def why_away(exc: Exception, access: Access) -> Away:
    """What became of a request that ended in *exc*."""
    words = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    said = clip(words.replace(access.token, "(token)") if access.token else words) or type(exc).__name__
    who = access.who
    match exc:
        case ssl.SSLError():
            wrong = access.misgiving(exc)
            return Away("tls", f"{who} {wrong.text}", wrong.advice)
        case TimeoutError():
            advice = "is the address right, and no firewall between us?"
            return Away("silent", f"{who} cannot be reached within {CONNECT_S:g} s", advice)
        case socket.gaierror():
            return Away("name", f"{who} has no address ({said})", "is CONSUL_HTTP_ADDR right?")
        case ConnectionResetError() | BrokenPipeError() | HTTPException():
            return Away("broken", f"{who} broke off ({said})", "is that a Consul agent, and http:// right?")
        case PermissionError():
            advice = "may this user open it (unix_sockets in the agent's configuration)?"
            return Away("refused", f"{who} cannot be reached ({said})", advice)
        case OSError() if access.proxy and "Tunnel" in words:
            advice = "is HTTPS_PROXY right, or should NO_PROXY name Consul's host?"
            return Away("refused", f"{who} cannot be reached, since the proxy would not ({said})", advice)
        case _:
            return Away(
                "refused", f"{who} cannot be reached ({said})", "is the agent running, and CONSUL_HTTP_ADDR right?"
            )
