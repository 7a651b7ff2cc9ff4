"""``python -m services.ports``."""

from services.kit.commands import run
from services.ports.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
