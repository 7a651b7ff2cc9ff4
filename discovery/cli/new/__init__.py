"""``mesh new``: a project to begin with, written from the files in ``project/``."""
