"""Temporal: the client, its clock, task queues, and the starter of workflows."""
