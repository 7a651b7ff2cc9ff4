"""The services of shop."""
