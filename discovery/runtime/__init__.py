"""Thin async shells: they hold the clock, the sockets and the tasks, and carry out what policies decide."""
