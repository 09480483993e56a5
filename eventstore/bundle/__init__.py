"""A case as a bundle that proves itself: which events, in which files, and who can verify it."""
