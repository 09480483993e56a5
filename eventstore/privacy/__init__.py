"""Personal data: the vault of keys, and erasure."""
