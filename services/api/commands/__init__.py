"""From a request to a command, and from the recorder's answer to a receipt."""
