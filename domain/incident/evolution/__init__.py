"""Evolve an incident event by event: a table per topic, and the folds built on them."""
