"""Why somebody who looks sees nothing."""

from __future__ import annotations

from discovery.errors import MeshError


class Trouble(MeshError):
    """A page, a command or the console did not answer as it should; the sentence says which, and how."""
