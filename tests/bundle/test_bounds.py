"""However much is wrong with a bundle, a verifier keeps little of it and comes to its verdict."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from eventstore.bundle import verify
from tests.bundle.mutations import EVENTS, PROOFS, remade
from tests.bundle.synthetic import MINE, SMALL, Draft, small
from tests.bundle.verifiers import VERIFY, first, second, written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundle.verifiers import Files

pytestmark = pytest.mark.processes

FILES = SMALL.files()
EMPTY = b"\n" * 200_000
FALSE_MOST = verify.CONTRADICTIONS_MAX

BROKEN: dict[str, Files] = {
    "events": remade({**FILES, EVENTS: EMPTY}),
    "events after the others": remade({**FILES, EVENTS: FILES[EVENTS] + EMPTY}),
    "proofs": remade({**FILES, PROOFS: EMPTY}),
    "both": remade({**FILES, EVENTS: EMPTY, PROOFS: EMPTY}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_more_lines_than_can_be_right_are_not_all_read(what: str, tmp_path: Path) -> None:
    folder = written(BROKEN[what], tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert found.exit == 1
        assert FALSE_MOST <= found.said["found"]["false"] < FALSE_MOST + 10
        assert len(found.divergences) <= 2 * verify.FINDINGS_MAX


def test_the_page_counts_what_it_does_not_show(tmp_path: Path) -> None:
    folder = written(BROKEN["events"], tmp_path / "case")
    command = [sys.executable, "-I", "-S", str(VERIFY), str(folder), "--language", "en"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    count = first(folder).said["found"]["false"]
    assert f"... and {count - verify.SHOWN_MAX} more" in done.stdout


def test_a_contradiction_outweighs_however_much_is_missing(tmp_path: Path) -> None:
    drafts = [*SMALL.drafts, *[Draft(MINE, "PersonRecorded")] * verify.FINDINGS_MAX]
    lacking = remade({**small(drafts=drafts).files(), PROOFS: b""})
    for files, verdict in ((lacking, 2), (remade(lacking, events=1), 1)):
        folder = written(files, tmp_path / "case")
        for found in (first(folder), second(folder)):
            assert found.exit == verdict
            assert found.said["found"] == {"false": 2 - verdict, "cannot be told": 1_006}
            kept = [one["verdict"] for one in found.divergences]
            assert kept.count("cannot be told") == verify.FINDINGS_MAX
            assert kept.count("false") == 2 - verdict
