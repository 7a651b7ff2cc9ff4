"""``python -m services.laptops``."""

from services.kit.commands import run
from services.laptops.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
