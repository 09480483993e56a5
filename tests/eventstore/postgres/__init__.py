"""The schema and its connections."""
