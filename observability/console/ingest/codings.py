"""Bodies in codings that this server does not have.

aiohttp looks for the decoder of ``br`` and ``zstd`` as soon as it has read the head of a request, before there is a
handler that could refuse it: where the decoder is not installed it answers 400 by itself, and logs a traceback. The
answer cannot be changed from within a service, but no stranger shall fill our log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp.http_exceptions import ContentEncodingError

_LOG = logging.getLogger("aiohttp.server")


@contextmanager
def unheard() -> Iterator[None]:
    """Let nothing be logged, while the block lasts, of bodies whose coding is unknown or not what was said."""
    _LOG.addFilter(_is_ours)
    try:
        yield
    finally:
        _LOG.removeFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], ContentEncodingError)
