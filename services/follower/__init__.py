"""The follower: keeps projections, nudges workflows, reconciles them with the log."""
