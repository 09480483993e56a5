"""The last released program, and this one after it, on the same data."""
