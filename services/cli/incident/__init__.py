"""`muster incident`, `watch`, `diff` and `report`: a case as people read it."""
