"""A bundle of a real case is sound to both verifiers, and holds what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bundle.verifiers import first, second, written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundle.verifiers import Files


def test_both_verifiers_find_it_sound(files: Files, tmp_path: Path) -> None:
    folder = written(files, tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, [])
