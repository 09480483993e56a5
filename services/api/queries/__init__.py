"""Incidents, units and contacts, and what workflows know: read."""
