"""An incident's folds."""
