"""The heads of all streams as a verifiable map, whose root every checkpoint signs."""
