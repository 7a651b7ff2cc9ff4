"""What is asked of the database: each a function of a connection."""
