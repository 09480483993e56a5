"""The notary."""
