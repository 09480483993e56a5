"""Incidents at a version, a position or an instant, as recorded or as true."""
