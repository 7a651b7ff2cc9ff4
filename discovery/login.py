"""The user and the password that a URL may hold, which nobody is shown. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit


def without_login(url: str) -> str:
    """A URL without them, for people and for files."""
    place = urlsplit(url)
    return f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"
