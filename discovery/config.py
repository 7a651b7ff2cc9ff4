"""The settings of one process, frozen and checked when made. Times are seconds.

An argument beats the environment, the environment beats the registry's key-value store, and that beats the
default. Only :class:`LiveSettings` may come from the store; there, ``None`` means "not said here".
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from discovery.consul_tls import ConsulTls, content_problems
from discovery.environment import CONSUL_URL, settings_of
from discovery.errors import ConfigError
from discovery.live_settings import LiveSettings, live_problems, positive, route_problems
from discovery.model import NOTHING
from discovery.policy.barred import range_problems
from discovery.policy.registrable import entry_problems, id_problem, meta_problems
from discovery.proxies import proxy_problem
from discovery.variables import advertised, is_consul_url, is_own_name, misspelt, read_token, token_problem

logger = logging.getLogger(__name__)

NO_ENDPOINTS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


NO_ROUTES: Mapping[str, LiveSettings] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshConfig:
    """All that a process needs to join the mesh.

    ``host`` and ``port`` are where a server listens (0: any free port); ``advertise`` is the ``host`` or
    ``host:port`` that peers and the registry's checks use, where it differs. ``weight`` is an instance's share of calls
    beside those of others, and ``warning_weight`` that while its check warns. ``static`` names endpoints by
    service; with it no registry is asked. ``consul_url`` may be ``unix:///path`` as well. The token is
    ``consul_token``, or else what is in ``consul_token_file``, which is read again when it changes.
    ``consul_namespace`` and ``consul_partition`` go with every request, ``consul_datacenter`` is asked where a call
    names none, and ``consul_proxy`` is an ``http://`` proxy on the way. ``live`` holds for all
    calls, and ``routes`` for those to a service, or to the beginning of a path there, perhaps by one method::

        slow = LiveSettings(timeout_s=60, attempts=1)
        MeshConfig(name="report", routes={"ports": LiveSettings(timeout_s=3), "GET ports/slow": slow})

    The longest path wins, and of two with the same path that with a method; what it does not say its service says.
    ``tls_cert`` and ``tls_key`` make a server speak TLS. Peers that do are believed when somebody in ``tls_ca``, else
    whom the system trusts, signed their certificate for ``tls_name``, in which ``{service}`` stands for the service's
    name; without that, for the host of their address. ``snapshot`` is a folder in which to keep what is known of the
    services that are followed, for a process that starts while the registry is away; what is older than
    ``snapshot_max_age_s`` is not used. ``faults`` lets an operator inject faults through live settings.
    ``edge`` says that requests come from strangers: what they claim in headers of ours is not believed, nor which trace
    they are a part of. With ``trust_traces`` that is believed after all: whether it is sampled, and what goes on with
    it to everybody behind, is then the word of whoever can reach the port.

    ``client_max_size`` is how many bytes a request's body may have where a handler reads it whole (0: any number),
    ``max_line_size`` and ``max_field_size`` how many its first line and each of its headers may have.
    ``max_connections`` is how many connections are held at once, half of them for one address, and ``backlog`` how
    many may wait to be accepted. ``None`` leaves sizes to the application, which says them to ``web.Application``, and
    to aiohttp's defaults; and takes any number of connections, but at the edge 4096.
    """

    name: str
    host: str = "127.0.0.1"
    port: int = 0
    advertise: str = ""
    instance_id: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    weight: int = 1
    warning_weight: int = 1

    # Three that may hold a password, and the name of a file in the place of which a token was put.
    consul_url: str = field(default=CONSUL_URL, repr=False)
    consul_token: str = field(default="", repr=False)
    consul_token_file: str = field(default="", repr=False)
    consul_tls: ConsulTls = field(default_factory=ConsulTls)
    consul_proxy: str = field(default="", repr=False)
    consul_namespace: str = ""
    consul_partition: str = ""
    consul_datacenter: str = ""
    # Ranges of addresses; where any is named, no instance outside of them is called.
    allow: tuple[str, ...] = ()
    static: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_ENDPOINTS)

    # Files in PEM. The key may be in the file of the certificate.
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    tls_name: str = ""

    live: LiveSettings = field(default_factory=LiveSettings)
    routes: Mapping[str, LiveSettings] = field(default_factory=lambda: NO_ROUTES)
    # Linkerd's outbound connect limit is 1 s as well: longer than any healthy handshake in one region.
    connect_timeout_s: float = 1.0
    # How long a call waits for somebody to be there: a peer that starts beside us is registered within it.
    lookup_timeout_s: float = 2.0
    # Consul's default limit is 200 connections per client address, shared by all processes of a host.
    max_services: int = 64

    check_interval_s: float = 5.0
    check_timeout_s: float = 2.0
    # Consul's least is one minute, and its reaper runs every 30 s.
    deregister_after_s: float = 60.0
    # One watch turn of our callers, with margin; callers that poll need more.
    drain_s: float = 5.0
    # The whole of leaving, drain included; Kubernetes kills after 30 s.
    stop_s: float = 20.0
    # Instances of the caller's own zone are preferred while they can bear it.
    zone: str = ""
    # Off by default: whoever may write there may send our calls elsewhere.
    snapshot: str = ""
    # A night and the working day after it; by then addresses may belong to somebody else.
    snapshot_max_age_s: float = 86400.0
    faults: bool = False
    edge: bool = False
    trust_traces: bool = False

    client_max_size: int | None = None
    max_line_size: int | None = None
    max_field_size: int | None = None
    max_connections: int | None = None
    backlog: int = 512

    def __post_init__(self) -> None:
        problems = [sentence for sentence in _problems(self) if sentence]
        if problems:
            raise ConfigError(*problems)

    @classmethod
    def from_env(
        cls, name: str, environ: Mapping[str, str] = os.environ, *, default_port: int = 0, **arguments: Any
    ) -> Self:
        """Read the ``MESH_*`` and ``CONSUL_*`` variables, and those that name a proxy; *arguments* beat them.

        ::

            config = MeshConfig.from_env("ports", default_port=8003, tags=("v2",))

        A name that is nearly one of them, such as ``MESH_TIMEOUT``, is told by a warning.

        Raises:
            ConfigError: listing every variable that makes no sense, not only the first.
        """
        for strange, close in misspelt(environ).items():
            logger.warning("%s means nothing here: is %s meant?", strange, close)
        values, problems = settings_of(environ, arguments)
        config = None
        try:
            config = cls(name=name, **{"port": default_port, **values})
        except ConfigError as exc:
            problems.extend(exc.problems)
        if config is None or problems:
            raise ConfigError(*problems)
        return config


def _problems(config: MeshConfig) -> list[str]:
    live = config.live
    return [
        *(
            f"{what} {value!r} is not a name: letters, digits, dashes, dots and underscores, at most 255"
            for what, value in (("service", config.name), *(("static service", name) for name in config.static))
            if not is_own_name(value)
        ),
        *live_problems(live),
        "patience_s is said of a route; for all it is lookup_timeout_s" if live.patience_s is not None else "",
        *route_problems(config.routes),
        *positive(
            connect_timeout_s=config.connect_timeout_s,
            lookup_timeout_s=config.lookup_timeout_s,
            check_interval_s=config.check_interval_s,
            check_timeout_s=config.check_timeout_s,
            stop_s=config.stop_s,
            max_services=config.max_services,
            snapshot_max_age_s=config.snapshot_max_age_s,
        ),
        f"snapshot must be the absolute path of a folder, got {config.snapshot!r}"
        if config.snapshot and not config.snapshot.startswith("/")
        else "",
        _unreachable(config.advertise),
        *entry_problems(config.version, config.zone, config.tags, config.weight, config.warning_weight),
        *content_problems({"tls_cert": config.tls_cert, "tls_key": config.tls_key, "tls_ca": config.tls_ca}),
        "tls_key is the key of a certificate: tls_cert is missing" if config.tls_key and not config.tls_cert else "",
        *meta_problems(config.meta),
        *range_problems(config.allow),
        id_problem(config.instance_id),
        *_server_problems(config),
        f"limit must be a positive whole number or 'adaptive', got {live.limit!r}"
        if live.limit not in {None, "adaptive"} and not (isinstance(live.limit, int) and live.limit > 0)
        else "",
        f"port must be 0 to 65535, got {config.port}" if not 0 <= config.port <= 65535 else "",
        f"drain_s must be 0 or more and below stop_s ({config.stop_s}), got {config.drain_s}"
        if not 0 <= config.drain_s < config.stop_s
        else "",
        f"deregister_after_s must be at least 60 (Consul's least), got {config.deregister_after_s}"
        if not config.deregister_after_s >= 60
        else "",
        f"consul_url must be http(s)://host:port or unix:///path{_got(config.consul_url)}"
        if not is_consul_url(config.consul_url)
        else "",
        f"consul_token: {wrong}" if (wrong := token_problem(config.consul_token)) else "",
        _unreadable(config.consul_token_file),
        *config.consul_tls.problems(),
        f"consul_proxy: {wrong}" if config.consul_proxy and (wrong := proxy_problem(config.consul_proxy)) else "",
    ]


def _server_problems(config: MeshConfig) -> Iterator[str]:
    sizes: Mapping[str, object] = {
        "max_line_size": config.max_line_size,
        "max_field_size": config.max_field_size,
        "max_connections": config.max_connections,
        "backlog": config.backlog,
    }
    for name, value in sizes.items():
        if value is not None and not (isinstance(value, int) and value > 0):
            yield f"{name} must be a positive whole number, got {value!r}"
    size: object = config.client_max_size
    if size is not None and not (isinstance(size, int) and size >= 0):
        yield f"client_max_size must be a whole number of bytes, or 0 for any number, got {size!r}"


def _got(url: str) -> str:
    return f", got {url!r}" if "@" not in url else ""  # before it is a password


def _unreadable(token_file: str) -> str:
    try:
        read_token(token_file or os.devnull)
    except (OSError, ValueError) as exc:
        return f"consul_token_file: {exc.strerror if isinstance(exc, OSError) else exc}"
    return ""


def _unreachable(address: str) -> str:
    try:
        advertised(address or "localhost")
    except ValueError as exc:
        return f"advertise {address!r}: {exc}"
    return ""
