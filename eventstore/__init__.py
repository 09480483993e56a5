"""The log: what happened, in one order, sealed, kept in PostgreSQL; and the one door to it."""
