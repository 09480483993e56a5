"""What can be sent: units, each a small stream of its own."""
