"""The measurement of forks says what is so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.proof.figures import keep
from benchmarks.proof.forks import measure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.processes
async def test_every_fork_is_noticed_and_no_honest_log_alarms() -> None:
    tally = await measure(forks=63, served=7, seed=7)
    found = tally.figures()
    assert (tally.missed, found["forks"], found["forks_noticed"]) == ([], 63, 1.0)
    assert (found["forks_honest_logs"], found["forks_false_alarms"]) == (63, 0)
    assert found["forks_proven_by_evidence"] == found["forks_alarms"]["forked"] > 20
    assert found["forks_alarms"]["lineage_differs"] > 3


def test_figures_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "out" / "proof.json"
    keep({"verify_s": 0.5}, file)
    keep({"forks_noticed": 1.0}, file)
    assert json.loads(file.read_text()) == {"verify_s": 0.5, "forks_noticed": 1.0}
