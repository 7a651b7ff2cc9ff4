"""``python -m services.notifications``."""

from services.kit.commands import run
from services.notifications.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
