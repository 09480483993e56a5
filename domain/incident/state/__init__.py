"""What is known of an incident, and what a decision may look at."""
