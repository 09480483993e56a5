"""What a torture breaks, one kind of fault a module."""
