"""Positions, deputies, shifts, escalation, training: who does it."""
