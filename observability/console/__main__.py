"""``python -m observability.console``: the console as its image starts it, where there is no `mesh`."""

import sys

import discovery
from discovery.lazily import lacking

try:
    from observability.console.serving import configure, serve
    from observability.console.settings import ConsoleSettings
except ModuleNotFoundError as missing:
    print(lacking("the console", missing, "console"), file=sys.stderr)  # noqa: T201 - likewise
    sys.exit(2)

if __name__ == "__main__":
    try:
        serve(configure(), ConsoleSettings.from_env())
    except discovery.ConfigError as error:
        print(*(f"console: {problem}" for problem in error.problems), sep="\n", file=sys.stderr)  # noqa: T201 - its last word
        sys.exit(2)
