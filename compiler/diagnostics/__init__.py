"""What can be wrong with a plan, as data: kinds, findings, diagnostics."""
