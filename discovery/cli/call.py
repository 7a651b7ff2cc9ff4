"""`mesh call`: a curl that goes the library's way."""

from __future__ import annotations

import asyncio
import base64
import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

import aiohttp
import click

from discovery.call_errors import CallFailed, NoInstances
from discovery.cli import records
from discovery.cli.attempts import Telling
from discovery.cli.exits import COULD_NOT_RUN, FAILED, OK
from discovery.cli.request import Wanted
from discovery.cli.requirement import requiring
from discovery.cli.text import clip, escape
from discovery.cli.unloadable import reason
from discovery.config import MeshConfig
from discovery.model import Attempt, Instance
from discovery.observer import NULL, Observer
from discovery.runtime.flight import attempts
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings

_NAME = "mesh"


def call(wanted: Wanted, arguments: dict[str, Any], *, include: bool, as_json: bool) -> int:
    """Make the call, write its body, and tell of its attempts.

    Raises:
        ConfigError: when the environment makes no sense.
    """
    config = MeshConfig.from_env(_NAME, **arguments)
    with _observed() as observer:
        return asyncio.run(_call(wanted, config, observer, include=include, as_json=as_json))


@contextmanager
def _observed() -> Iterator[Observer]:
    """Whoever else is told: the observer that a package brings, where the environment names a collector."""
    named = entry_points(group="mesh.observers") if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") else ()
    for point in named:
        try:
            with requiring("proconsul[observability]"):
                observe = point.load()
        except click.ClickException as exc:
            records.warn(f"the call is no span ({exc.message})")
            break
        except Exception as exc:  # noqa: BLE001 - whatever another package does, the call can be made
            records.warn(f"the call is no span ({point.value} {reason(exc)})")
            break
        with observe(Instance(id=f"{_NAME}-{os.getpid()}", service=_NAME, host="", port=0)) as observer:
            yield observer
        return
    yield NULL


async def _call(wanted: Wanted, config: MeshConfig, observer: Observer, *, include: bool, as_json: bool) -> int:
    telling = Telling(observer)
    options: dict[str, Any] = {} if wanted.timeout_s is None else {"timeout": wanted.timeout_s}
    async with Mesh(config, around=Surroundings(observer=telling)) as mesh:
        service = mesh.service(wanted.service, wanted.datacenter)
        try:
            pending = service.request(wanted.method, wanted.path, headers=wanted.headers, data=wanted.body, **options)
            async with pending as response:
                telling.tell(attempts(response)[-1])
                click.echo(f"  trace {escape(telling.trace_id)}", err=True)
                if as_json:
                    _answer(response, await response.read(), telling)
                else:
                    await _write(response, include=include)
                return OK if response.status < 400 else FAILED
        except NoInstances as exc:
            records.warn(clip(str(exc), 1000))
            return COULD_NOT_RUN
        except CallFailed as exc:
            if telling.trace_id:
                click.echo(f"  trace {escape(telling.trace_id)}", err=True)
            records.warn(str(exc).partition(": ")[0])  # the attempts were told as they were made
            return FAILED
        except (aiohttp.ClientError, TimeoutError) as exc:
            records.warn(f"the answer broke off ({clip(str(exc) or type(exc).__name__)})")
            return FAILED


async def _write(response: aiohttp.ClientResponse, *, include: bool) -> None:
    """The body as it comes. On a terminal its control characters come out as escapes, but for lines and tabs."""
    if include:
        click.echo(f"HTTP/1.1 {response.status} {escape(response.reason or '')}")
        for name, value in response.headers.items():
            click.echo(f"{escape(name)}: {escape(value)}")
        click.echo()
    shown = codecs.getincrementaldecoder("utf-8")("replace") if sys.stdout.isatty() else None
    async for chunk in response.content.iter_any():
        if shown is None:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        else:
            lines = shown.decode(chunk).replace("\r\n", "\n").split("\n")
            click.echo("\n".join("\t".join(map(escape, line.split("\t"))) for line in lines), nl=False)


def _answer(response: aiohttp.ClientResponse, content: bytes, telling: Telling) -> None:
    try:
        body = {"body": content.decode()}
    except ValueError:
        body = {"body_base64": base64.b64encode(content).decode()}
    records.tell(
        {
            "status": response.status,
            "headers": list(response.headers.items()),
            **body,
            "trace_id": telling.trace_id,
            "attempts": [_attempt(each) for each in attempts(response)],
        }
    )


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "instance": attempt.instance.id,
        "address": attempt.instance.address,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "duration_ms": round(attempt.duration_s * 1000, 3),
        "error": attempt.error,
    }
