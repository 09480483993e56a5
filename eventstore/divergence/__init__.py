"""A log that is not what was signed: the write gate, alarms, acknowledgements."""
