"""The figures of all parts, in one file: `benchmarks/out/proof.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OUT = Path(__file__).parents[1] / "out" / "proof.json"


def keep(figures: Mapping[str, Any], file: Path = OUT) -> None:
    """Add figures to those that other parts wrote."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps({**known, **figures}, indent=2) + "\n", encoding="utf-8")
