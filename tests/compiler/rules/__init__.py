"""The rules that a plan is checked by, topic by topic."""
