"""``python -m services.recommendations``."""

from services.kit.commands import run
from services.recommendations.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
