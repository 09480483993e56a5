"""What a process must be told, from the environment (`MUSTER_…`) and from `muster.toml`."""
