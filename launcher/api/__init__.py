"""The APIs of the services as their documents say them: what a change of one breaks."""

from launcher.api.command import run_diff

__all__ = ["run_diff"]
