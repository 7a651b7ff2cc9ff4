"""The schema of the accounts, revision after revision."""
