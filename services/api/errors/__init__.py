"""Failures of calls as `google.rpc.Status`, with details, in two languages."""
