"""The hands: what an incident orders in the world, done and reported back through the one door."""
