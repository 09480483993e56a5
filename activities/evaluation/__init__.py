"""What the log says of how it went: figures that cite their events, and a report for people."""
