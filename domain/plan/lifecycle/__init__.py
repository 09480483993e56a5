"""The life of a plan's text: drafted, reviewed, approved, published, superseded."""
