"""`mesh trace`: finds the console, asks it for a trace, and prints the tree."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import click

from discovery.cli.exits import FAILED, OK
from discovery.cli.options import consul
from discovery.cli.text import clip, escape
from discovery.errors import ConfigError, RegistryError
from discovery.model import Health
from observability.jaeger import read_jaeger
from observability.spans import Span
from observability.tree import render_tree, trace_tree

# Spans leave a process in batches, so a trace of a moment ago may take a few seconds to be there.
_TRIES = 13
_PAUSE_S = 0.25

_TIMEOUT_S = 5.0
_SIZE_MAX = 64 * 1024 * 1024
_ID = re.compile("[0-9a-f]{1,32}")


class NoConsole(click.ClickException):
    """There is nobody to ask for traces, or not one that answers as Jaeger does."""


def normal(trace_id: str) -> str:
    """The id as OpenTelemetry writes it; Jaeger drops leading zeros.

    Raises:
        click.UsageError: when it cannot be one.
    """
    wanted = trace_id.strip().lower()
    if not _ID.fullmatch(wanted):
        raise click.UsageError(f"{clip(trace_id)!r} is not the id of a trace: 32 hexadecimal digits")
    return wanted.zfill(32)


def console_url(source: str, url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Where traces are: *source*, else MESH_CONSOLE_URL, else the service `console` in the Consul at *url*.

    Raises:
        ConfigError: when the address makes no sense.
        NoConsole: when there is none.
    """
    for name, said in (("--from", source), ("MESH_CONSOLE_URL", environ.get("MESH_CONSOLE_URL", ""))):
        if said:
            address = said if "://" in said else f"http://{said}"
            try:
                place = urlsplit(address)
                sound = place.scheme in {"http", "https"} and place.hostname and (place.port or 1) > 0
            except ValueError:
                sound = False
            if not sound:
                raise ConfigError(f"{name}: expected http(s)://host:port, got {escape(said)!r}")
            return address.rstrip("/")
    advice = "name one by --from URL or MESH_CONSOLE_URL; mesh console starts one, and says where it is"
    try:
        with consul(url) as agent:
            found = agent.instances("console").instances
    except RegistryError as exc:
        raise NoConsole(f"no console is known: {advice} ({exc})") from None
    for instance in found:
        if instance.health is not Health.CRITICAL:
            return instance.origin
    raise NoConsole(f"no console is registered and well: {advice}")


def show(trace_id: str, console: str, pause: Callable[[float], object], *, as_json: bool) -> int:
    """Print the trace; 1 when it is not there, even after a moment."""
    spans: list[Span] = []
    for number in range(_TRIES):
        if number:
            if number == 1:
                click.echo(f"mesh: waiting for trace {trace_id} …", err=True)
            pause(_PAUSE_S)
        if spans := _spans(console, trace_id):
            break
    else:
        hint = "was it sampled, and does its service export to that console?"
        click.echo(f"mesh: no trace {trace_id} at {_discreet(console)}: {hint}", err=True)
        return FAILED
    nodes = trace_tree(spans)
    if as_json:
        document = {"trace_id": trace_id, "nodes": [asdict(node) for node in nodes]}
        click.echo(json.dumps(document).replace("\x7f", "\\u007f"))
    else:
        click.echo("\n".join(render_tree(nodes)))
    return OK


def _spans(console: str, trace_id: str) -> list[Span]:
    place = urlsplit(console)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", f"{place.path.rstrip('/')}/api/traces/{trace_id}")
        response = connection.getresponse()
        status, content = response.status, response.read(_SIZE_MAX)
    except (OSError, HTTPException) as exc:
        advice = "is it running, and the address right?"
        said = clip(str(exc) or type(exc).__name__)
        raise NoConsole(f"{_discreet(console)} cannot be asked ({said}): {advice}") from None
    finally:
        connection.close()
    advice = "is that a console, or Jaeger's query address?"
    if status not in {200, 404}:
        raise NoConsole(f"{_discreet(console)} answered {status}: {advice}")
    try:
        return [span for spans in read_jaeger(json.loads(content)) for span in spans]
    except (ValueError, RecursionError):
        raise NoConsole(f"{_discreet(console)} gave no trace: {advice}") from None


def _discreet(url: str) -> str:
    """The address without user and password."""
    place = urlsplit(url)
    return escape(f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}")
