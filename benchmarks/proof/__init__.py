"""What a proof holds against: bundles that were changed, through both verifiers."""
