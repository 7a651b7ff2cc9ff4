"""``python -m services.payments``."""

from services.kit.commands import run
from services.payments.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
