"""A text that was disclosed is proven to be the one that was sealed, and another one is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.privacy.sealed import NOT_COMMITTING, Opened, Parts, open_sealed, parts_of, seal
from tests.bundle.synthetic import CASE, MINE, SMALL, Draft, small
from tests.bundle.test_screen import ran
from tests.bundle.verifiers import written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.processes

KEY_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
KEY = bytes(range(32, 64))
SUBJECT = f"incident/{CASE}/witness-1"
TEXT = "我看到扶梯突然停了"
SEALED = seal(KEY_ID, KEY, SUBJECT, TEXT)
BEFORE = seal(KEY_ID, KEY, SUBJECT, TEXT, NOT_COMMITTING)
ELSEWHERE = seal(KEY_ID, KEY, SUBJECT, "of another case")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    said = json.dumps({"name": SEALED, "contact": BEFORE})
    drafts = [*SMALL.drafts, Draft(MINE, "PersonRecorded", said)]
    return written(small(drafts=drafts).files(), tmp_path / "case")


def opened(sealed: str) -> Opened:
    parts = parts_of(sealed)
    assert isinstance(parts, Parts)
    return open_sealed(parts, KEY, SUBJECT)


def disclosed(sealed: str = SEALED, **changes: Any) -> dict[str, Any]:
    found = opened(sealed)
    said = {"sealed": sealed, "subject": found.subject, "text": found.text}
    return said | {"opening": (found.opening or b"").hex()} | changes


def verdict(folder: Path, *texts: Any) -> tuple[int, str]:
    file = folder.parent / "disclosed.json"
    file.write_text(json.dumps({"person": "witness-1", "texts": texts}))
    return ran(folder, "--disclosed", file, "--language", "en")


def test_the_text_that_was_sealed_is_proven(folder: Path) -> None:
    code, out = verdict(folder, disclosed())
    assert code == 0, out
    assert f"{SUBJECT}: the one that was sealed, at position" in out
    assert TEXT not in out, "who has it has it"


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "我什么也没看到"},
        {"text": f"{TEXT} "},
        {"subject": f"incident/{CASE}/witness-2"},
        {"opening": "00" * 32},
        {"opening": ""},
        {"opening": "zz"},
        {"opening": 7},
        {"more": "x"},
    ],
)
def test_any_other_text_subject_or_opening_is_false(folder: Path, changes: dict[str, Any]) -> None:
    assert verdict(folder, disclosed(), disclosed(**changes))[0] == 1


def test_two_texts_under_one_seal_are_not_both_proven(folder: Path) -> None:
    other = opened(ELSEWHERE)
    swapped = disclosed(text=other.text, opening=(other.opening or b"").hex())
    assert verdict(folder, swapped)[0] == 1


@pytest.mark.parametrize("sealed", [BEFORE, ELSEWHERE])
def test_it_can_not_be_told_without_a_commitment_or_where_it_is_not_in_the_bundle(
    folder: Path, sealed: str
) -> None:
    code, out = verdict(folder, disclosed(sealed))
    assert code == 2, out
    assert "the one that was sealed" not in out


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"texts":[]}', '{"texts":[7]}', "\xff"])
def test_a_file_that_discloses_nothing_proves_nothing(folder: Path, content: str) -> None:
    file = folder.parent / "disclosed.json"
    file.write_bytes(content.encode("latin-1"))
    assert ran(folder, "--disclosed", file)[0] == 1


def test_a_text_is_not_proven_by_an_event_that_is_false(folder: Path) -> None:
    events = folder / "events.jsonl"
    events.write_text(events.read_text().replace("PersonRecorded", "PersonRemoved_"))
    assert verdict(folder, disclosed())[0] == 1
