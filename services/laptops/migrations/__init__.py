"""The schema of the laptops, revision after revision."""
