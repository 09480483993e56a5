"""How long a large plan takes to be checked."""
