"""What a command line shows: tables, JSON, failures, exit codes."""
