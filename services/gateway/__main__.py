"""``python -m services.gateway``."""

from services.gateway.app import build
from services.kit.main import main

if __name__ == "__main__":
    main("gateway", build, port=8080, edge=True)
