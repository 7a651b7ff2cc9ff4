"""An event: what happened, said once and for all, and as CloudEvents 1.0 has it on the way (JSON, structured mode)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy import Connection

from discovery.web import Problem, parse_json
from discovery.web.validation import Schema

MEDIA_TYPE = "application/cloudevents+json"
# Says, over the mesh, that it was sent before, and that it is not known what became of that.
AGAIN = "Event-Again"
# With everything around its data. What is larger is told by its address, and read there.
BOUND = 64 * 1024


class Facts(Schema):
    """The base of what kinds of events tell. Who takes one names what it needs, and passes over what came later."""

    model_config = ConfigDict(extra="ignore")


F = TypeVar("F", bound=Facts)


class Unreadable(Exception):
    """It is no event, or not what its kind says; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[F]):
    """``Kind("laptops.laptop.deleted", LaptopDeleted)``: who sends it, about what, and what happened."""

    name: str
    facts: type[F]

    @property
    def source(self) -> str:
        """The service that sends it."""
        return self.name.partition(".")[0]

    def read(self, event: Event[Any]) -> Event[F]:
        """*event* with the facts that a handler is given.

        Raises:
            Unreadable: when they are not those of this kind.
        """
        try:
            return replace(event, data=self.facts.model_validate(event.data))
        except ValidationError as error:
            raise Unreadable(_said(error, "data.")) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Generic[F]):
    """``id`` is one of *source*'s own; ``subject`` what it is about, like ``laptops/3``; ``time_s`` since 1970.

    Those about one subject come in the order in which they happened. ``traceparent`` is the span that it happened in.
    """

    id: str
    kind: str
    source: str
    subject: str
    time_s: float
    data: F
    traceparent: str = ""


Handler = Callable[[Connection, Event[F]], None]


class Taking(NamedTuple):
    """A kind, and what is done when one comes."""

    kind: Kind[Any]
    handler: Handler[Any]


def on(kind: Kind[F], handler: Handler[F]) -> Taking:
    """Let *handler* do what follows from an event of that *kind*.

    It is called in the transaction that records that the event was taken: either both are there to stay, or none.
    """
    return Taking(kind, handler)


_Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]


class _Envelope(BaseModel):
    """What is read of an event. Attributes that others have added are nothing to us."""

    specversion: Literal["1.0"]
    id: _Word
    source: _Word
    type: _Word
    subject: Annotated[str, StringConstraints(pattern=r"^[!-~]{0,200}$")] = ""
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    traceparent: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{0,60}$")] = ""
    data: Any = None


def write(event: Event[F]) -> bytes:
    """As it goes on its way.

    Raises:
        ValueError: when it is larger than :data:`BOUND`.
    """
    said = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.kind,
        "subject": event.subject,
        "time": datetime.fromtimestamp(event.time_s, UTC).isoformat(),
        "datacontenttype": "application/json",
        **({"traceparent": event.traceparent} if event.traceparent else {}),
        "data": event.data.model_dump(mode="json"),
    }
    raw = json.dumps(said, separators=(",", ":")).encode()
    if len(raw) > BOUND:
        raise ValueError(f"an event has at most {BOUND} bytes, and {event.kind} has {len(raw)}: tell where to read it")
    return raw


def read(raw: bytes) -> Event[Any]:
    """What came, with its data as it is.

    Raises:
        Unreadable: when that is no event, or one of another version.
    """
    if len(raw) > BOUND:
        raise Unreadable(f"it has {len(raw)} bytes, and may have {BOUND}")
    try:
        said = _Envelope.model_validate(parse_json(raw))
    except Problem as problem:
        raise Unreadable(problem.detail) from None
    except ValidationError as error:
        raise Unreadable(_said(error)) from None
    return Event(
        id=said.id,
        kind=said.type,
        source=said.source,
        subject=said.subject,
        time_s=said.time.timestamp() if said.time else 0.0,
        data=said.data,
        traceparent=said.traceparent,
    )


def _said(error: ValidationError, where: str = "") -> str:
    """What is wrong, without what was sent."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{where}{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in wrong)[:500]
