"""A client of the service, and what is built on it: pipelines, publication, checkpoints."""
