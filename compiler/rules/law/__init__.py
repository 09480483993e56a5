"""What the law asks of a plan: contents, reports and their deadlines, statements."""
