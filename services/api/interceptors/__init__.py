"""What every call passes: authentication, admission, deadlines, metrics, errors."""
