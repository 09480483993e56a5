"""The handbook: a plan as people print it, carry it and read it on a telephone."""
