"""The processes, and what faces people."""
