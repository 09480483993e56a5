"""References, cycles, reachability, languages, size: what fits together at all."""
