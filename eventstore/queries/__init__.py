"""What is asked of the log beside its streams: plans, open incidents, valid time."""
