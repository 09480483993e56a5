"""Telling people: what is said, and by which channel."""
