"""Jaeger's read API over what is kept."""
