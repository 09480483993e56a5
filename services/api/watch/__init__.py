"""Incidents as they happen, resumable from any token."""
