"""Values, bytes and paths that a program might take for others."""

from __future__ import annotations

from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    0,
    1,
    2,
    -1,
    2**63 - 1,
    2**63,
    -(2**63),
    0.5,
    True,
    None,
    "",
    "x",
    [],
    {},
    "infinity",
    "-infinity",
    "0000-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z",
    "\x1b[2K",
    "\ufeff",
    "\x85",
    "00" * 32,
    "\ud83d",
)
ODD_BYTES = (
    b"\r\n",
    b"\n\n",
    b"\x00",
    b"\xff",
    b"\xc2\x85",
    b"\xef\xbb\xbf",
    b"\x1c",
    b" ",
    b'"',
    b"{",
    b"[" * 70,
    b"\\u",
)
ODD_PATHS = (
    "./events.jsonl",
    "a//b",
    "Events.jsonl",
    "events.jsonl.",
    "b/manifest.json",
    "nul",
    "..",
    "report.html",
    "checkpoints/1",
)
