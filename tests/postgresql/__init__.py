"""A real PostgreSQL for the tests: one server a run, started by who needs it first, gone with the last who did."""
