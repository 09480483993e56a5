"""Muster, as its clients see it."""
