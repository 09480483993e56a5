"""The processes, and what they are told."""
