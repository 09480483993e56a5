"""Zones, passages, egress, signs and cordons: where it is done."""
