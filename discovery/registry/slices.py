"""A long list of JSON, cut where others may have a turn.

The decoder keeps the interpreter's lock as long as it works, for 10 ms on 14 MB, and that long the event loop is held
though decoding has a thread of its own. So the list is decoded in slices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Half a millisecond of decoding.
_SLICE = 512 * 1024

# Between two entries about instances. Within a string each quotation mark would be escaped, so no string has this. In
# a list further inside it is possible; then the slices are not balanced, and cannot be decoded.
_BETWEEN = re.compile(rb'\}\s*,\s*(?=\{\s*"Node")')


def slices(content: bytes) -> Iterator[bytes]:
    """Lists that have, one after the other, the entries of the one list that *content* is.

    Where one of them makes no sense, *content* as a whole has to be decoded: it has none either, or was cut wrongly.
    """
    start, head = 0, b""
    while between := _BETWEEN.search(content, start + _SLICE):
        yield b"%b%b]" % (head, content[start : between.start() + 1])
        start, head = between.end(), b"["
    yield head + content[start:]
