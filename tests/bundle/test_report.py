"""A report in HTML says which checkpoint holds what it is made of, and no word of that is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.bundle import verify
from tests.bundle.reports import FILES, PAGE, REWRITTEN, WRONG, alone, evidence
from tests.bundle.synthetic import LOG
from tests.bundle.test_screen import ran
from tests.bundle.verifiers import first, second, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.processes


def found(page: str, place: Path) -> tuple[int, dict[str, Any]]:
    """Return how both verifiers end, and what they say of a report."""
    file = place / "report.html"
    file.write_text(page, encoding="utf-8")
    asked = (written(FILES, place / "case"), "--key", LOG.verifier.vkey, "--report", file)
    said, other = first(*asked), second(*asked)
    told = said.said["facts"].get("report", {})
    assert (other.exit, other.said["facts"].get("report", {})) == (said.exit, told)
    return said.exit, told


def test_a_page_with_its_checkpoint_is_proven(tmp_path: Path) -> None:
    code, report = found(verify.with_evidence(PAGE, evidence()), tmp_path)
    size = int(FILES["checkpoint"].split(b"\n")[1])
    told = {"size": size, "version": 2, "position": 6, "compared": True}
    assert (code, report["checkpoint"]) == (0, told)


def test_a_page_under_another_size_is_not_compared(tmp_path: Path) -> None:
    code, report = found(verify.with_evidence(PAGE, alone()), tmp_path)
    told = {"size": 40, "version": 2, "position": 6, "compared": False}
    assert (code, report["checkpoint"]) == (0, told)


def test_a_page_without_one_is_proven_as_before(tmp_path: Path) -> None:
    code, report = found(PAGE, tmp_path)
    assert (code, report["checkpoint"], report["up_to_version"]) == (0, None, 2)


@pytest.mark.parametrize(
    ("language", "made", "said"),
    [
        ("en", evidence, "it is of the same log as the bundle's"),
        ("en", alone, "that it is of the same log as the bundle's, is not proven"),
        ("zh", evidence, "与本案卷出自同一日志"),
        ("zh", alone, "是否与本案卷出自同一日志，未经证明"),
    ],
)
def test_it_is_said_to_people(
    tmp_path: Path, language: str, made: Callable[[], dict[str, Any]], said: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(verify.with_evidence(PAGE, made()), encoding="utf-8")
    folder = written(FILES, tmp_path / "case")
    code, out = ran(folder, "--report", file, "--language", language, LC_ALL="C.UTF-8")
    assert code == 0
    assert said in out


@pytest.mark.parametrize("what", WRONG)
def test_what_is_false_of_it_is_found(what: str, tmp_path: Path) -> None:
    assert found(verify.with_evidence(PAGE, WRONG[what]), tmp_path)[0] == 1


@pytest.mark.parametrize("what", REWRITTEN)
def test_what_is_shown_is_what_was_proven(what: str, tmp_path: Path) -> None:
    assert found(REWRITTEN[what], tmp_path)[0] == 1


def test_a_version_that_the_bundle_has_not_cannot_be_told(tmp_path: Path) -> None:
    page = verify.with_evidence(PAGE, {**evidence(), "version": 60})
    assert found(page, tmp_path)[0] == 2
