"""An incident, a file per topic: its commands and what they decide."""
