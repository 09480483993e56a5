"""Everything on one machine: PostgreSQL, Temporal, a mail sink and the processes, supervised."""
