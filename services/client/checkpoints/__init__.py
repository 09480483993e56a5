"""Checkpoints on the client's side: the last one of each log is kept, and consistency demanded."""
