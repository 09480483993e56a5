"""The processes and interfaces: API, worker, follower, notary, command line, local stack."""

import os

# We never fork and go on: gRPC's own handlers for that crash children of a process with threads.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
