"""The web layer of a service: one table of routes, from which all else is made."""
