"""What the plan prescribes across topics: who is assigned, who acknowledges, which gates hold."""
