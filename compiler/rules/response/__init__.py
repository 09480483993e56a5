"""Deadlines, the order of tasks, gates: when it is done."""
