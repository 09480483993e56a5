"""Nothing can be left out of a case: whoever has the log's key, too, is found by both verifiers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.bundle.writer import FORMAT_1
from eventstore.tlog.note import Signer
from tests.bundle.synthetic import (
    ALTERED,
    EXPORT,
    LOG,
    MINE,
    OWN,
    REFERENCE,
    SIGNED_BEFORE,
    Draft,
    Row,
    small,
)
from tests.bundle.verifiers import first, second, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bundle.synthetic import Forgery

pytestmark = pytest.mark.processes

OTHER = "incident/2d0c1f9e-6d0f-4c63-9a55-6d2d4c3f7a11"
PLAN, UNIT = "plan/p", "unit/u"
LONG = [
    Draft(PLAN, "PlanPublished"),
    Draft(MINE, "IncidentOpened"),
    *(Draft(MINE, "SituationReported", f'{{"number":{number}}}') for number in range(2, 8)),
    Draft(OTHER, "IncidentOpened"),
]
"""A case of seven events, and another one."""

Spans = list[dict[str, Any]]


def without(*streams: str) -> Callable[[Spans], Spans]:
    """Export all streams but some."""
    return lambda spans: [span for span in spans if span["stream"] not in streams]


def only(*ranges: tuple[str, int, int]) -> dict[str, Any]:
    """Export some versions of some streams, and show just these, with the export."""

    def is_shown(row: Row) -> bool:
        event = row[0]
        within = (
            first <= event.version <= last for of, first, last in ranges if of == event.stream
        )
        return event.stream == OWN or any(within)

    def spans(found: Spans) -> Spans:
        made = []
        for stream, begin, last in ranges:
            span = next(one for one in found if one["stream"] == stream)
            made.append({**span, "first": begin, "last": last})
        return made

    return {"spans": spans, "shown": lambda rows: [row for row in rows if is_shown(row)]}


def hashed(draughts: Forgery) -> Forgery:
    """Have each span end with the hash of its last event, as the log has it."""
    heads: dict[tuple[str, int], str] = {}

    def note(rows: list[Row]) -> list[Row]:
        heads.update({(row.stream, row.version): row.hash.hex() for row, _ in rows})
        return rows

    replace(draughts, shown=note, spans=lambda spans: spans).files()

    def spans(found: Spans) -> Spans:
        made = draughts.spans(found)
        return [
            {**one, "hash": heads.get((one["stream"], one["last"]), one["hash"])} for one in made
        ]

    return replace(draughts, spans=spans)


def long(**changes: Any) -> Forgery:
    """Return the log of seven events with changes; by default its case is exported as it is."""
    whole = only((MINE, 1, 8), (PLAN, 1, 1))
    return hashed(small(**{"drafts": LONG, "earlier": 0, **whole, **changes}))


def twice(draughts: Forgery) -> Forgery:
    """Append a second version 3, with other contents: the log's owner can."""

    def shown(rows: list[Row]) -> list[Row]:
        return [
            (row._replace(version=3), before) if row.type == "Again" else (row, before)
            for row, before in draughts.shown(rows)
        ]

    return replace(draughts, shown=shown)


def exported_as(**changes: Any) -> Forgery:
    """Return the whole case with another export event."""
    return long(export=lambda export: replace(export, **changes))


EARLY = [*LONG[:4], REFERENCE, *LONG[4:]]
"""The reference is appended in the middle: what comes after it is to be cut off."""

CUT: dict[str, tuple[Forgery, str]] = {
    "no event of the case": (long(**only((PLAN, 1, 1))), "spans"),
    "no event at all": (long(**only()), "spans"),
    "the middle is missing": (long(**only((MINE, 1, 2), (MINE, 6, 8))), "spans"),
    "it begins at version 4": (long(**only((MINE, 4, 8))), "spans"),
    "it is cut short": (long(**only((MINE, 1, 5))), "end"),
    "it is cut short, without any reference": (long(closing=(), **only((MINE, 1, 5))), "end"),
    "it is cut short at a reference that came before": (
        long(drafts=EARLY, closing=(), **only((MINE, 1, 4))),
        "as_of",
    ),
    "the reference stands in another case": (
        long(closing=(replace(REFERENCE, stream=OTHER),), **only((MINE, 1, 7))),
        "end",
    ),
    "the reference is to another export": (
        long(closing=(replace(REFERENCE, data=json.dumps({"export": EXPORT[::-1]})),)),
        "end",
    ),
    "it is another incident's": (long(**only((OTHER, 1, 1))), "spans"),
    "another incident comes first": (long(**only((OTHER, 1, 1), (MINE, 1, 8))), "spans"),
    "a version twice, in two spans": (
        long(**only((MINE, 1, 8), (PLAN, 1, 1), (PLAN, 1, 1))),
        "spans",
    ),
    "it does not begin with its opening": (
        long(
            drafts=[
                replace(one, type="AlarmReported") if one.stream == MINE else one for one in LONG
            ]
        ),
        "opening",
    ),
    "the export has another type": (exported_as(type="SituationReported"), "type"),
    "the export has an older shape": (exported_as(schema_version=1), "schema_version"),
    "the export is another command's": (
        exported_as(meta='{"actor":"z","command_id":"c"}'),
        "command_id",
    ),
    "nobody exported it": (exported_as(meta=json.dumps({"command_id": EXPORT})), "actor"),
    "the export says no object": (exported_as(data="[]"), "export"),
    "two events are the export": (
        long(drafts=[*LONG, Draft(OWN, "CaseExported")]),
        "export",
    ),
}


@pytest.mark.parametrize("why", CUT)
def test_a_case_that_was_cut_is_false_to_both(why: str, tmp_path: Path) -> None:
    draughts, _ = CUT[why]
    folder = written(draughts.files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert found.exit == 1, found.said


@pytest.mark.parametrize("why", CUT)
def test_what_was_cut_is_named(why: str, tmp_path: Path) -> None:
    draughts, field = CUT[why]
    found = first(written(draughts.files(), tmp_path / "case"))
    assert field in found.fields


def test_a_version_twice_with_other_contents_is_false_to_both(tmp_path: Path) -> None:
    drafts = [*LONG[:4], Draft(MINE, "Again"), *LONG[4:]]
    folder = written(twice(long(drafts=drafts)).files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, "version" in found.fields) == (1, True)


def test_the_whole_case_is_sound_and_says_until_where(tmp_path: Path) -> None:
    folder = written(long().files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, [])
        assert found.said["facts"]["whole"]["versions"] == 8
    whole = first(folder).said["facts"]["whole"]
    assert whole == {"versions": 8, "position": 20, "as_of": "2026-05-01T12:00:10.000000Z"}


def first_format(**changes: Any) -> Forgery:
    """Return the case as the program before exported it: without a reference."""
    return long(format=FORMAT_1, closing=(), **{**only((MINE, 1, 7), (PLAN, 1, 1)), **changes})


def test_the_format_before_verifies_and_says_what_it_can_t_prove(tmp_path: Path) -> None:
    folder = written(first_format().files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.said["facts"]["whole"]["as_of"]) == (0, None)


@pytest.mark.parametrize(
    "changes",
    [
        only((PLAN, 1, 1)),
        only((MINE, 1, 2), (MINE, 6, 7)),
        only((MINE, 4, 7)),
        only((OTHER, 1, 1)),
        {"export": lambda export: replace(export, type="SituationReported")},
    ],
)
def test_a_cut_in_the_format_before_is_found_too(changes: dict[str, Any], tmp_path: Path) -> None:
    folder = written(first_format(**changes).files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert found.exit == 1


def acknowledged(**changes: Any) -> Forgery:
    """Return the log in its second lineage with another acknowledgement."""
    *drafts, last = ALTERED.drafts
    said = json.loads(last.data)
    what = {**said["what"], **changes}
    return replace(ALTERED, drafts=[*drafts, replace(last, data=json.dumps({"what": what}))])


def before(signer: Signer = LOG, **changes: Any) -> Forgery:
    """Return it with another checkpoint of the first lineage."""
    note = replace(SIGNED_BEFORE, **changes).signed(signer).whole.encode()
    return replace(ALTERED, changes={"lineages/1": note})


UNACCOUNTED = {
    "no acknowledgement": replace(ALTERED, drafts=ALTERED.drafts[:-1]),
    "of another event": acknowledged(doubt="content"),
    "of another lineage": acknowledged(lineage=2),
    "of another checkpoint": acknowledged(signed_root="00" * 32),
    "of no divergence": acknowledged(position="4"),
    "no checkpoint": replace(ALTERED, changes={}),
    "a larger checkpoint": before(size=6),
    "a checkpoint under another name": before(LOG.named("other"), origin="other"),
    "a checkpoint by another key": before(Signer(LOG.name, bytes(32))),
    "a lineage in between": replace(ALTERED, signer=LOG.named(f"{LOG.name}/3")),
    "a lineage in the first one": replace(ALTERED, signer=LOG),
}


@pytest.mark.parametrize("why", UNACCOUNTED)
def test_a_lineage_that_is_not_accounted_for_is_false_to_both(why: str, tmp_path: Path) -> None:
    folder = written(UNACCOUNTED[why].files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert found.exit == 1, found.said


@pytest.mark.parametrize(
    "altered", [ALTERED, acknowledged(doubt="witness", signed_size=9)], ids=["tree", "witness"]
)
def test_a_log_in_its_second_lineage_is_sound_to_both(altered: Forgery, tmp_path: Path) -> None:
    folder = written(altered.files(), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, [])
