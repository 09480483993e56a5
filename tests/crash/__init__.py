"""Everything is killed, several times, while people work; then an independent look at the log."""
