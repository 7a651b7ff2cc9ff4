"""Saying no, in Consul's words: a status with a line of plain text."""

from __future__ import annotations


class Refused(Exception):
    """A request that is answered by an error; *reason* is Consul's header of that name."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
