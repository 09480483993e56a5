"""What an incident still owes: deadlines, and work for the world outside."""
