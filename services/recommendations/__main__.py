"""``python -m services.recommendations``."""

import os

from services.kit.main import main
from services.kit.storage import database_url
from services.recommendations.app import build

if __name__ == "__main__":
    main("recommendations", lambda: build(database_url("recommendations", os.environ)), port=5002, api=True)
