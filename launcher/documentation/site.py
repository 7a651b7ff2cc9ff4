"""`mesh docs`: the site of the documentation, built strictly: whatever MkDocs warns of is a failure.

MkDocs is called here and not by its own command, so that all that is wrong is told at once and as we tell it, and
so that its theme does not speak of its successors.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from mkdocs.commands.build import build
from mkdocs.commands.serve import serve
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException

from discovery.errors import ConfigError
from launcher.documentation.built import problems_of
from launcher.plan import ROOT

CONFIGURATION = ROOT / "mkdocs.yml"

# When it is loaded, the theme speaks of what comes after it.
_QUIET = {"NO_MKDOCS_2_WARNING": "1"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _Warnings(logging.Handler):
    """What was warned of while a site was built."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(_COLOUR.sub("", record.getMessage()))


def build_site(folder: Path, configuration: Path = CONFIGURATION) -> list[str]:
    """Build the site into *folder*, in place of what is there; one sentence for each thing that is wrong with it.

    Raises:
        ConfigError: when *folder* is the root, or holds something that is no site.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "sitemap.xml").exists():
        raise ConfigError(f"{folder} holds something that is no site; name an empty folder")
    shutil.rmtree(folder, ignore_errors=True)
    os.environ |= _QUIET
    warnings, log = _Warnings(), logging.getLogger("mkdocs")
    log.addHandler(warnings)
    try:
        config = load_config(str(configuration), site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build(config)
        finally:
            config.plugins.on_shutdown()
    except (MkDocsException, Abort) as exc:
        return [*warnings.told, str(exc)]
    finally:
        log.removeHandler(warnings)
    return warnings.told + problems_of(folder)


def check_site() -> list[str]:
    """What is wrong with the site as it would be built now."""
    with TemporaryDirectory() as folder:
        return build_site(Path(folder, "site"))


def serve_site(port: int) -> None:
    """Serve the site on loopback until Ctrl-C, and build it anew whenever a page of it changes."""
    os.environ |= _QUIET
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve(str(CONFIGURATION), dev_addr=f"127.0.0.1:{port}")
