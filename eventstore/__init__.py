"""The event store: an append-only, hash-chained log, its recorder, and the proofs of it."""
