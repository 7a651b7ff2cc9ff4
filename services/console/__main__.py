"""``python -m services.console``."""

import observability
from services.console.app import build
from services.console.guard import hosts_from_env
from services.console.settings import ConsoleSettings
from services.kit.main import main

if __name__ == "__main__":
    main(
        "console",
        lambda: build(ConsoleSettings.from_env(), hosts=hosts_from_env()),
        port=4318,  # OTLP's own
        observe=observability.journal,
        # All of them are its business. Each costs Consul a connection, of which it allows a host 200 unless told more.
        max_services=128,
    )
