"""The recorder: load, decide, append; the single write path."""
