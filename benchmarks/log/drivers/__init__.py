"""A program for each store, as its users would write it."""
