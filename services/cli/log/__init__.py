"""`muster replay`, `verify`, `checkpoint`, `proof`, `export` and `monitor`."""
