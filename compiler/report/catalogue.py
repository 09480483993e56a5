"""All codes that a check can print: of texts that are no plan, of plans that can't work."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from compiler.check import KINDS
from compiler.diagnostics.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compiler.diagnostics.findings import Kind

CODES: Mapping[str, Kind] = {kind.code: kind for kind in (*FAULTS.values(), *KINDS.values())}
"""By code: first what is found while reading, then what is found in what was read."""


def nearest(code: str) -> str | None:
    """Return the code that was probably meant."""
    return next(iter(get_close_matches(code, CODES, n=1)), None)


def printable(example: str) -> str:
    """Return an example with what can't be seen written as an escape."""
    return "".join(
        one if one == "\n" or one.isprintable() else f"\\x{ord(one):02x}" for one in example
    )
