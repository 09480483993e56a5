"""Proofs from the database: inclusion, consistency, and what was signed."""
