"""Diagnostics for people and programs: the catalogue of codes, text, SARIF."""
