"""``python -m services.ports``."""

import os

from services.kit.main import main
from services.kit.storage import database_url
from services.ports.app import build

if __name__ == "__main__":
    main("ports", lambda: build(database_url("ports", os.environ)), port=5001, api=True)
