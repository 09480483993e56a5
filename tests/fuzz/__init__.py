"""Plans that nobody would write, by the million: whatever comes, there are only diagnostics."""
