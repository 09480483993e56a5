"""The processes, and what faces people."""

import importlib
import os
import sys

# We never fork and go on: gRPC's own handlers for that crash children of a process with threads.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# structlog takes rich along for tracebacks on a console; no process of ours writes any there, and
# it is a third of a second that each of them would start later.
_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment] # how Python spells that it can't be had
importlib.import_module("structlog")
if _rich is None:
    del sys.modules["rich"]
else:
    sys.modules["rich"] = _rich
