"""What changes for whom from one text of a plan to another."""
