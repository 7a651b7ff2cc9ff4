"""An instance as somebody to send requests to."""

from __future__ import annotations

from yarl import URL

from discovery.model import Instance
from discovery.policy.health import fitness, weight_of
from discovery.policy.load import PeakEwma
from discovery.policy.standing import Standing
from discovery.runtime.line import Line
from discovery.runtime.trust import Trust

# A service has few paths that are asked often; those with changing paths would else be remembered for ever.
_URLS_KEPT = 256


class Endpoint:
    """A candidate. What is known of its load and failures survives all updates that do not replace the process."""

    __slots__ = ("_urls", "fitness", "instance", "line", "load", "secure", "standing", "weight", "zone")

    def __init__(self, instance: Instance, standing: Standing) -> None:
        self._describe(instance)
        self.standing = standing
        self.load = PeakEwma()
        self.line: Line | None = None

    def _describe(self, instance: Instance) -> None:
        self.instance = instance
        self.fitness = fitness(instance)
        self.weight = weight_of(instance)
        self.zone = instance.zone
        self.secure = instance.secure
        self._urls: dict[str, URL] | None = None

    def described(self, instance: Instance) -> Endpoint:
        """The same process, of which the registry says something else now."""
        endpoint = Endpoint.__new__(Endpoint)
        endpoint._describe(instance)  # noqa: SLF001 - it is one of us
        endpoint.standing, endpoint.load, endpoint.line = self.standing, self.load, self.line
        return endpoint

    @property
    def since(self) -> float:
        """When it came, or came back."""
        return self.standing.joined

    def __eq__(self, other: object) -> bool:
        """Whether it is the same process, however described."""
        return isinstance(other, Endpoint) and other.standing is self.standing

    def __hash__(self) -> int:
        return id(self.standing)

    @property
    def is_in_use(self) -> bool:
        """Whether a request is under way there, or an answer of it is still being read."""
        return self.load.in_flight > 0 or (self.line is not None and self.line.readers > 0)

    def cost(self, now: float, /) -> float:
        """What a balancer that somebody brought along compares."""
        return self.load.cost(now) / self.weight

    def lined(self, trust: Trust) -> Line:
        """Its line, made now where it was never asked before. Needs a running loop."""
        line = self.line
        if line is None:
            line = self.line = Line(self.instance, trust)
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
            scheme = "https" if self.secure else "http"
            url = urls[path] = URL.build(
                scheme=scheme, authority=self.instance.address, path=plain, query_string=query, encoded=True
            )
        return url
