"""The demonstration, and the pictures of the documentation: the system is used, hurt and looked at."""

from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.demo.demo import run_demo
from launcher.demo.pictures import take_pictures

__all__ = [
    "browsing",
    "find_browser",
    "run_demo",
    "take_pictures",
]
