"""The connection of a command to the service, and commands made from the contract."""
