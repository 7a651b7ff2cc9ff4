"""``python -m services.gateway``."""

import os

from services.gateway.allow_list import allow_list
from services.gateway.app import build
from services.gateway.edge.settings import EdgeSettings
from services.kit.main import main

if __name__ == "__main__":
    main("gateway", lambda: build(EdgeSettings.from_env(os.environ), allow_list(os.environ)), port=8080, edge=True)
