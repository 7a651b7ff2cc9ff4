"""A page as a browser without JavaScript has it: links, forms, and the fields that these send along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

# What is sent although nobody fills it in or clicks it.
_SENT = frozenset({"hidden", "text", "search", "number", "email"})


@dataclass(slots=True)
class Form:
    """Where it goes, and what it sends by itself."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What *text* offers to go on with."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        # Whether it says that there will be more to see soon.
        self.refreshes = False
        self._form: Form | None = None
        self.feed(text)
        self.close()

    def form(self, action: str) -> Form | None:
        """The first one that goes to *action*."""
        return next((form for form in self.forms if form.action == action), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what is of use."""
        said: Mapping[str, str] = {name: value or "" for name, value in attrs}
        match tag:
            case "a" if "href" in said:
                self.links.append(said["href"])
            case "meta":
                self.refreshes |= said.get("http-equiv") == "refresh"
            case "form":
                self._form = Form(said.get("action", ""))
                self.forms.append(self._form)
            case "input" if self._form is not None and "name" in said:
                kind = said.get("type", "text")
                if kind in _SENT or (kind in {"radio", "checkbox"} and "checked" in said):
                    self._form.fields[said["name"]] = said.get("value", "")
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        """A form is over."""
        if tag == "form":
            self._form = None
