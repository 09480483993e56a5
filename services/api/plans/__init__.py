"""Plans: drafted, published, read, compared, checked, drawn."""
