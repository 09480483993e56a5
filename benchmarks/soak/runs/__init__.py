"""What a soak does to a stack, one run a module."""
