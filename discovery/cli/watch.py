"""`mesh watch`: who is there, and then every change as it happens, whatever becomes of Consul meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn

import click

from discovery.cli import records
from discovery.cli.consul import Consul
from discovery.cli.text import COLOURS, clip, escape, painted
from discovery.errors import RegistryError
from discovery.model import Health, Instance
from discovery.policy.backoff import Backoff
from discovery.policy.watch import WAIT_S, Cursor, Pace
from discovery.registry.port import Answer

if TYPE_CHECKING:
    from discovery.clock import Clock

# Somebody is looking: half a minute, as the library waits, would seem dead.
_AWAY = Backoff(base_s=0.25, cap_s=5.0)

_COLOURS = {"added": "green", "left": "red", "turned": "yellow", "away": "red", "doubted": "yellow", "back": "green"}
_MARKS = {"added": "+", "left": "-", "turned": "~", "away": "!", "doubted": "!", "back": "!"}


class Watch:
    """One service, followed by blocking queries."""

    def __init__(self, consul: Consul, service: str, datacenter: str = "", *, as_json: bool = False) -> None:
        self._consul = consul
        self._service = service
        self._datacenter = datacenter
        self._as_json = as_json
        self._cursor = Cursor()
        self._known: Sequence[Instance] = ()
        self._trouble = ""

    def begin(self) -> None:
        """Show who is there now.

        Raises:
            RegistryError: when Consul does not say.
        """
        answer = self._read()
        self._cursor = self._cursor.advance(answer.index)
        self._known = answer.instances
        if self._as_json:
            shown = [records.fields(each) for each in answer.instances]
            records.tell({"event": "view", "service": self._service, "instances": shown, "doubt": answer.doubt})
            return
        click.echo(f"{self._service}: {len(answer.instances)} registered")
        for each in answer.instances:
            click.echo(f"  {_line(each)}")
        if answer.doubt:
            records.warn(f"there may be more: {answer.doubt}; mesh doctor says what to do")

    def follow(self, clock: Clock, pause: Callable[[float], object], rng: Random) -> NoReturn:
        """Show every change, until interrupted."""
        pace, failures = Pace(), 0
        while True:
            pause(pace.delay(clock.now()))
            try:
                answer = self._read(self._cursor.index)
            except RegistryError as exc:
                failures += 1
                self._cursor = Cursor()
                self._troubled("away", str(exc), clock)
                pause(_AWAY.delay(failures, rng))
                continue
            failures = 0
            self._cursor = self._cursor.advance(answer.index)
            if not self._cursor.index:  # older than what is known: the fresh read decides
                continue
            if self._known and not answer.instances and answer.doubt:
                self._troubled("doubted", f"Consul shows nobody, but {answer.doubt}", clock)
                continue
            if self._trouble:
                self._trouble = ""
                self._say(clock, "back", text=f"{self._consul.who} answers again")
            self._compare(answer.instances, clock)

    def _read(self, index: int = 0) -> Answer:
        wait_s = WAIT_S if index else 0.0
        answer = self._consul.instances(self._service, datacenter=self._datacenter, index=index, wait_s=wait_s)
        if self._known and not answer.instances and not answer.doubt:
            # Nobody left is confirmed by a second read, as the library does.
            return self._consul.instances(self._service, datacenter=self._datacenter, consistent=True)
        return answer

    def _troubled(self, event: str, text: str, clock: Clock) -> None:
        """Say so, once."""
        if self._trouble != event:
            self._trouble = event
            self._say(clock, event, text=f"{text}; the last view stays")

    def _compare(self, instances: Sequence[Instance], clock: Clock) -> None:
        before, after = ({each.place: each for each in view} for view in (self._known, instances))
        self._known = instances
        for place, instance in after.items():
            old = before.get(place)
            if old is None:
                self._say(clock, "added", instance, _line(instance))
            elif old != instance:
                self._say(clock, "turned", instance, f"{clip(instance.id)}  {_difference(old, instance)}")
        for place, instance in before.items():
            if place not in after:
                self._say(clock, "left", instance, f"{clip(instance.id)}  {escape(instance.address)}")

    def _say(self, clock: Clock, event: str, instance: Instance | None = None, text: str = "") -> None:
        at = datetime.fromtimestamp(clock.wall(), UTC)
        if self._as_json:
            said: dict[str, Any] = {"at": at.isoformat(timespec="milliseconds"), "event": event}
            records.tell(said | ({"instance": records.fields(instance)} if instance else {"text": text}))
            return
        mark = painted(_MARKS[event], _COLOURS[event])
        click.echo(f"{at.astimezone():%H:%M:%S} {mark} {text}")


def _line(instance: Instance) -> str:
    state = painted(records.state(instance), COLOURS[instance.health])
    said = records.trouble(instance)
    return f"{clip(instance.id)}  {escape(instance.address)}  {state}" + (f": {said}" if said else "")


def _difference(old: Instance, new: Instance) -> str:
    said = []
    if records.state(old) != records.state(new):
        why = records.trouble(new) if new.health is not Health.PASSING else ""
        said.append(f"{records.state(old)} → {records.state(new)}" + (f": {why}" if why else ""))
    if old.address != new.address:
        said.append(f"{escape(old.address)} → {escape(new.address)}")
    told = {"health", "checks", "host", "port"}
    others = [each.name for each in fields(new) if each.name not in told and _of(old, each.name) != _of(new, each.name)]
    said.extend(f"another {name.replace('_', ' ')}" for name in others)
    return ", ".join(said) or "another check"


def _of(instance: Instance, name: str) -> object:
    return getattr(instance, name)
