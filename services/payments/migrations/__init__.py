"""The schema of the payments, revision after revision."""
