"""``python -m services.marketplace``."""

import os

from services.kit.commands import run
from services.kit.pages.console import console_url
from services.marketplace.app import SERVICE, build

if __name__ == "__main__":
    run(SERVICE, lambda settings: build(settings.database, console_url(os.environ)))
