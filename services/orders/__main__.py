"""``python -m services.orders``."""

import os

from services.kit.commands import run
from services.orders.app import SERVICE, build, patience_from

if __name__ == "__main__":
    run(SERVICE, lambda settings: build(settings, patience_s=patience_from(os.environ)))
