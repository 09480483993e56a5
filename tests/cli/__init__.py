"""What a terminal and a program see."""
