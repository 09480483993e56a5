"""Personal data: disclosed, held for an authority, erased."""
