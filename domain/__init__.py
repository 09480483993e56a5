"""The rules of emergency plans and incidents, as pure functions over immutable values."""
