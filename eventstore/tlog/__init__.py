"""The transparency log: Merkle tree, tiles, signed notes, checkpoints, in pure functions."""
