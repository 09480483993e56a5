"""Activities: what an incident's workflow has done in the world, and how that is recorded."""
