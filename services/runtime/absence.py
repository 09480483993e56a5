"""Hide installed packages from imports, to save the memory of those a process does not use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Make imports in the block treat a package as missing, unless it was imported before.

    temporalio imports grpc where there is one, for stubs that nothing of ours uses: 9 MB in each
    process that serves no gRPC.
    """
    if package in sys.modules:
        yield
        return
    sys.modules.update({package: None})  # type: ignore[dict-item] # as Python says it: missing
    try:
        yield
    finally:
        del sys.modules[package]
