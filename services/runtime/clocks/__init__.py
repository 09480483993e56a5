"""The clocks of this process, of PostgreSQL and of Temporal, compared."""
