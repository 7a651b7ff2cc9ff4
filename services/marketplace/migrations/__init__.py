"""The schema of the shop, revision after revision."""
