"""The route maps of a venue: each floor, and a map for each exit that may be lost."""
