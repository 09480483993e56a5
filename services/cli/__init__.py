"""The command line: for people in a hurry, and for programs."""
