"""The published digests of the verifier: `python -m tests.bundle.published` writes them."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from eventstore.bundle.verifier import source, zipapp

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bundle-format.md"


def page(text: str) -> str:
    """Return the page with the digests of the verifier as it is."""
    for name, content in (("verify.pyz", zipapp()), ("verify.py", source())):
        row = rf"(?m)^\| `{re.escape(name)}` \| `.*` \|$"
        text = re.sub(row, f"| `{name}` | `{sha256(content).hexdigest()}` |", text)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
