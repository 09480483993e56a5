"""Whoever kept a key or a checkpoint of an earlier lineage can verify what came after it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.bundle.synthetic import ALTERED, LOG
from tests.bundle.verifiers import VERIFY, first, second, written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.processes

FILES = ALTERED.files()


def test_the_key_and_the_end_of_an_earlier_lineage_are_enough(tmp_path: Path) -> None:
    folder, kept = written(FILES, tmp_path / "case"), tmp_path / "kept"
    kept.write_bytes(FILES["lineages/1"])
    known = ("--key", LOG.verifier.vkey, "--checkpoint", str(kept))
    for found in (first(folder, *known), second(folder, *known)):
        assert (found.exit, found.divergences) == (0, [])
    facts = first(folder, *known).said["facts"]
    assert (facts["key"], facts["key_given"]) == (ALTERED.signer.verifier.vkey, True)
    assert (facts["kept_checkpoints"], facts["kept_ends"]) == ([], [[1, 5]])


def test_the_page_says_that_a_lineage_ended_with_what_was_kept(tmp_path: Path) -> None:
    folder, kept = written(FILES, tmp_path / "case"), tmp_path / "kept"
    kept.write_bytes(FILES["lineages/1"])
    command = [sys.executable, "-I", "-S", str(VERIFY), str(folder)]
    command += ["--checkpoint", str(kept), "--language"]
    for language, ended in (
        ("en", "your checkpoints: 5 events of lineage 1: what it ended with"),
        ("zh", "您的检查点: 第 1 谱系的 5 个事件：正是该谱系最后签署的"),
    ):
        done = subprocess.run([*command, language], capture_output=True, text=True, check=False)
        assert ended in done.stdout.splitlines()
