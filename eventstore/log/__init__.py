"""The log: append, read, subscribe."""
