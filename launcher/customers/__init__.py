"""Customers of the shop that are programs: they look around, log in and buy, by the pages that people see."""

from launcher.customers.customer import session_of
from launcher.customers.page import Form, Page

__all__ = [
    "Form",
    "Page",
    "session_of",
]
