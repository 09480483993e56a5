"""Emergency plans as programs: read, checked, compared, drawn and printed."""
