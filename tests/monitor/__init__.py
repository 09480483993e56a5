"""A monitor that follows a log from outside."""
