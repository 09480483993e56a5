"""From the domain to the contract's messages."""
