"""`mesh console`: the console for somebody at a terminal, who is told what to do and not what a log would hold."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from errno import EADDRINUSE, EADDRNOTAVAIL
from functools import partial
from socket import AF_INET, AF_INET6, create_server, gaierror
from typing import Any

import click

from discovery.cli.text import escape
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.model import Instance
from discovery.observer import Event, EventsOnly, Observer, StateChanged
from observability.console.serving import configure, serve_unregistered
from observability.console.settings import ConsoleSettings
from observability.console.store.alone import alone
from observability.console.store.opening import require_database
from observability.lines import configure_logs
from observability.notices import Notices
from observability.redaction import redact


def show(*, as_json: bool, **settings: Any) -> None:
    """Serve until a signal comes; *settings* beat what the environment says.

    Raises:
        ConfigError: when settings make no sense, the port is taken, or the database cannot be had.
    """
    # Nobody whose calls would still come has to be waited for: Ctrl-C ends it at once.
    config = configure(drain_s=0.0, **settings)
    kept = ConsoleSettings.from_env()
    require_port(config)
    with alone(kept.path):
        require_database(kept.path)
        serve_unregistered(config, kept, partial(_observed, config, as_json=as_json))


def require_port(config: MeshConfig) -> None:
    """Look whether one may listen there, while it can still be said in the words of the command.

    Raises:
        ConfigError: when somebody does already.
    """
    try:
        family = AF_INET6 if ":" in config.host else AF_INET
        with closing(create_server((config.host, config.port), family=family)):
            return
    except OSError as error:
        if error.errno == EADDRINUSE:
            taken = f"port {config.port} on {config.host} is taken by another process"
            raise ConfigError(f"{taken}: choose another by --port, or 0 for any that is free") from None
        if error.errno == EADDRNOTAVAIL:
            raise ConfigError(f"this machine has no address {config.host} to listen on: correct MESH_HOST") from None
        # Its own words and not create_server's, which repeat the address; a name that is not found has only those.
        reason = error.strerror if isinstance(error, gaierror) else os.strerror(error.errno or 0)
        raise ConfigError(f"cannot listen on {config.host}:{config.port}: {reason}") from None


@contextmanager
def _observed(config: MeshConfig, identity: Instance, *, as_json: bool) -> Iterator[Observer]:
    configure_logs(identity)
    yield Terminal(_registry(config), as_json=as_json)


def _registry(config: MeshConfig) -> str:
    return "MESH_STATIC" if config.static else f"Consul at {redact(config.consul_url)}"


@dataclass(slots=True)
class Terminal(EventsOnly):
    """Where the page is goes to the standard output, what becomes of the *registry* to the standard error."""

    registry: str
    as_json: bool = False
    _notices: Notices = field(init=False)
    # What there was to say before the page was there.
    _early: list[str] | None = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._notices = Notices(self.registry)

    def notify(self, event: Event, /) -> None:
        """Say what *event* is worth to a person."""
        if isinstance(event, StateChanged) and event.state == "ready":
            self._opened(event.instance)
        elif sentence := self._notices.of(event):
            if self._early is None:
                _say(escape(sentence), beside=True)
            else:
                self._early.append(sentence)

    def _opened(self, instance: Instance) -> None:
        _say(_opening(instance.origin, as_json=self.as_json))
        early, self._early = self._early, None
        for sentence in early or ():
            _say(escape(sentence), beside=True)


def _opening(url: str, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"url": url})
    return (
        f"the console is at {url}/ until Ctrl-C\n"
        "for the telemetry of a process, and for mesh trace, in their shell:\n"
        f"  export OTEL_EXPORTER_OTLP_ENDPOINT={url}\n"
        f"  export MESH_CONSOLE_URL={url}"
    )


def _say(text: str, *, beside: bool = False) -> None:
    with suppress(OSError):  # nobody listens, which is no reason to stop serving; and an observer must not raise
        click.echo(text, err=beside)
