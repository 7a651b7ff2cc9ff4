"""The site of the documentation: builds it, checks what it built, serves it to whoever writes."""

from launcher.documentation.site import build_site, check_site, serve_site

__all__ = ["build_site", "check_site", "serve_site"]
