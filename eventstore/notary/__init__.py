"""The notary: grow the tree, sign checkpoints, keep the evidence outside the database."""
