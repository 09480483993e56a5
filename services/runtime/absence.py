"""Packages that are installed and yet not imported: who needs them not is smaller without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Have imports in the block find that a package is missing, unless it was imported before.

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
