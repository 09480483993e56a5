"""Plans as files: the shipped ones, and what is said of bad ones."""
