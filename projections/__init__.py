"""Projections: tables made from the log, and rebuilt at will."""
