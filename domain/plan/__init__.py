"""An emergency plan as data, and how it comes into force."""
