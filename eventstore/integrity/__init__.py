"""Verify the log: hash chains, ranges, and the tree that was signed."""
