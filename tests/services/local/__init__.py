"""A real stack on this machine."""
