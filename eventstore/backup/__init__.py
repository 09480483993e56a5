"""Backups: a dump that was read again, with its manifest."""
