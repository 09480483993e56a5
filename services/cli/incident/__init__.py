"""`muster incident`, `watch`, `diff` and `record_outcome`: a case as people read it."""
