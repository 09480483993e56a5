"""Drawings of a plan: nothing cut, nothing hidden, nothing that will not run."""
