"""``python -m services.gateway``."""

import os
from collections.abc import Mapping

from aiohttp import web

from services.gateway import parser
from services.gateway.allow_list import allow_list
from services.gateway.app import build
from services.gateway.descriptors import raise_limit
from services.gateway.edge.settings import EdgeSettings
from services.kit.auth.issuer import Issuer
from services.kit.main import main
from services.kit.pages.console import console_url


def _build() -> web.Application:
    edge, issuer = EdgeSettings.from_env(os.environ), Issuer.from_env(os.environ)
    return build(edge, allow_list(os.environ), issuer, console_url(os.environ))


def _settings() -> Mapping[str, bool]:
    return {"edge": True, "trust_traces": EdgeSettings.from_env(os.environ).trust_traces}


if __name__ == "__main__":
    parser.tell()
    raise_limit()
    main("gateway", _build, port=8080, settings=_settings)
