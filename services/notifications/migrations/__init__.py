"""The schema of the notifications, revision after revision."""
