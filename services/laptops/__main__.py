"""``python -m services.laptops``."""

import os

from services.kit.main import main
from services.kit.storage import database_url
from services.laptops.app import build

if __name__ == "__main__":
    main("laptops", lambda: build(database_url("laptops", os.environ)), port=5000, api=True)
