"""The schema of the ports, revision after revision."""
