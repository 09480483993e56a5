"""A log that is not what was signed."""
