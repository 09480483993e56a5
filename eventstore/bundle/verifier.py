"""The verifier as a program of its own: one file of Python, or the same as a zipapp.

Both are the same bytes wherever and whenever they are made, so that a digest of them can be
published, and a court can compare.
"""

from __future__ import annotations

import io
import zipfile
from importlib import resources

VERIFIER = "verify.pyz"
"""How the zipapp is called where nothing else is asked for."""

SHEBANG = b"#!/usr/bin/env python3\n"
TIME = (1980, 1, 1, 0, 0, 0)


def source() -> bytes:
    """Return the program as it goes with every bundle."""
    return resources.files("eventstore.bundle").joinpath("verify.py").read_bytes()


def zipapp() -> bytes:
    """Return the program as one file that Python runs and that holds no other module."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        about = zipfile.ZipInfo("__main__.py", TIME)
        about.create_system = 3
        about.external_attr = 0o644 << 16
        archive.writestr(about, source())
    return SHEBANG + packed.getvalue()
