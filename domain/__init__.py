"""The rules of emergency plans and incidents: pure functions over immutable values."""
