"""What proves the log: checkpoints, inclusion, consistency, stream heads, exports."""
