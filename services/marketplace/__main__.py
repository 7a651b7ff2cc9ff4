"""``python -m services.marketplace``."""

import os

from services.kit.main import main
from services.kit.pages.console import console_url
from services.marketplace.app import build

if __name__ == "__main__":
    main("marketplace", lambda: build(console_url(os.environ)), port=5003)
