"""``python -m services.accounts``."""

from services.accounts.app import SERVICE, build
from services.accounts.commands import COMMANDS
from services.kit.commands import run

if __name__ == "__main__":
    run(SERVICE, build, COMMANDS)
