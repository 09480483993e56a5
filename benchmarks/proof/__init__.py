"""Measures of what proofs hold against."""
