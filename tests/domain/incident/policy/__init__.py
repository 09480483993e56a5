"""What the plan prescribes across topics."""
