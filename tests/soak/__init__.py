"""The checker of the soak can fail, it reads deadlines rightly, and a short run of it holds."""
