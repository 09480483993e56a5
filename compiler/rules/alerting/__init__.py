"""Triggers, signals, protective actions, notices: what sets a plan in motion."""
