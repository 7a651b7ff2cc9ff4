"""The schema of the recommendations, revision after revision."""
