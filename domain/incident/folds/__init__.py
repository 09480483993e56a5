"""What each fact changes, by topic; `domain.incident.fold` puts them together."""
