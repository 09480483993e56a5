"""What a client keeps of a log, and what it notices by that."""
