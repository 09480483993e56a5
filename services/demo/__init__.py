"""One emergency, played from warning to closed case on a stack of its own."""
