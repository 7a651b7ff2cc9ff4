"""An instance as somebody to send requests to."""

from __future__ import annotations

from yarl import URL

from discovery.model import Instance
from discovery.policy.health import weight_of
from discovery.policy.load import PeakEwma
from discovery.runtime.line import Line

# A service has few paths that are asked often; those with changing paths would else be remembered for ever.
_URLS_KEPT = 256


class Endpoint:
    """A balancer's candidate: what is known of its load survives every update that does not replace the process."""

    __slots__ = ("_urls", "_weight", "instance", "line", "load")

    def __init__(self, instance: Instance, load: PeakEwma, line: Line | None = None) -> None:
        self.instance = instance
        self.load = load
        self.line = line
        self._weight = weight_of(instance)
        self._urls: dict[str, URL] | None = None

    def cost(self, now: float, /) -> float:
        return self.load.cost(now) / self._weight

    def lined(self) -> Line:
        """Its line, made now where it was never asked before. Needs a running loop."""
        line = self.line
        if line is None:
            line = self.line = Line(self.instance)
        return line

    def url(self, path: str) -> URL:
        """The URL of an encoded path with its query, at this instance."""
        urls = self._urls
        if urls is None:
            urls = self._urls = {}
        url = urls.get(path)
        if url is None:
            if len(urls) >= _URLS_KEPT:
                urls.clear()
            plain, _, query = path.partition("?")
            url = urls[path] = URL.build(
                scheme="http", authority=self.instance.address, path=plain, query_string=query, encoded=True
            )
        return url
