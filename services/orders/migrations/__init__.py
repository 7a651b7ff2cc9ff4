"""The schema of the orders, revision after revision."""
