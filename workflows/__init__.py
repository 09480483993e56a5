"""An incident's life in time."""
