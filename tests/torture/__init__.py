"""The checker of the torture can fail, and a short run of it holds."""
