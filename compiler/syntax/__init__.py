"""The text of a plan: YAML with positions, several files, edits, JSON Schema."""
