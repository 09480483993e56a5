"""PostgreSQL: connections to the primary, retry, replicated commits, migrations."""
