"""Plans: checked, and brought into force."""
