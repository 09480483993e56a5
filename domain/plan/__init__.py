"""An emergency plan as data: what it says, whether it can work, and how it came into force."""
