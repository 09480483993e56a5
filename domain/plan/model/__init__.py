"""The model of a plan, a file per topic."""
