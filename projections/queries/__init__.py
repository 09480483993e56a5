"""Read the views: pages, filters, what is overdue."""
