"""The bundle of a case, and the two verifiers of it."""
