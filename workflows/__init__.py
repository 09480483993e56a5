"""The incident workflow and its parts: deadline timer, activity tracker, search attributes."""
