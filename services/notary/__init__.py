"""The notary: signs checkpoints of the log, and has witnesses cosign them."""
