"""A case as a bundle that proves itself: its events, its files, its verifier."""
