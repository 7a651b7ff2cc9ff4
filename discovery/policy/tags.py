"""Which instances a call is for that names tags: those that have all of them, said in the registry's own language.

Consul's filters know no escapes within quotation marks, but two kinds of them, of which one takes what the other does
not. A tag that needs both is refused, and so is what no line shows: what it would be taken for is another tag.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from discovery.model import Target

# A program's tags are few, and most of its calls name none.
_KEPT = 1024


def tagged(target: Target, tags: str | Collection[str]) -> Target:
    """Those of *target* that have all these *tags*.

    Raises:
        TypeError: when they are no words.
        ValueError: for a tag that no filter can say.
    """
    words = (tags,) if isinstance(tags, str) else tuple(tags)
    if not all(isinstance(word, str) for word in words):
        raise TypeError(f"tags are a word, or several, got {tags!r}")
    return _tagged(target, words) if words else target


@lru_cache(_KEPT)
def _tagged(target: Target, tags: tuple[str, ...]) -> Target:
    # In one order, so that the same ones are followed once.
    said = [f"({target.filter})"] if target.filter else []
    said += [f"{_quoted(tag)} in Service.Tags" for tag in sorted(set(tags))]
    return target._replace(filter=" and ".join(said))


def _quoted(tag: str) -> str:
    if tag and tag.isprintable():
        if '"' not in tag and "\\" not in tag:
            return f'"{tag}"'
        if "`" not in tag:
            return f"`{tag}`"
    raise ValueError(f"no filter of Consul's can name the tag {tag!r}")
