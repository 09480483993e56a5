"""A monitor: it follows a log from outside, verifies it, and sends its checkpoints elsewhere."""
