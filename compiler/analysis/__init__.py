"""What follows from a plan: egress by maximum flow, demand, single points of failure."""
