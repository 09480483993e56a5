"""Plain SQL, one file per step, run in order and never changed afterwards."""
