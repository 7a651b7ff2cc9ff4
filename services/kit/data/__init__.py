"""The data of a service: units of work on SQLite or PostgreSQL, its migrations, its records, its backups."""
