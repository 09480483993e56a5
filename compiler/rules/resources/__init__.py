"""Supplies, stock, units: with what it is done."""
