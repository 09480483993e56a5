"""A proof as a file: two implementations agree on every one, and none holds that was changed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.heads.document import DocumentInvalid, HeadDocument
from eventstore.heads.hashes import EMPTY, Leaf, Opened, Proof, Space, key_of, venue_chain
from eventstore.heads.subtrees import prove, summary
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Signer
from tests.eventstore.heads import second
from tests.eventstore.notarising import SIGNER

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANCE = random.Random(7)  # noqa: S311 - not for secrets
CHANGES = 3_000
SO = "sound"
INCIDENTS = [Opened(at, f"incident/{at}", sha256(bytes([at])).digest()) for at in range(3)]
LEAVES = sorted(
    [
        Leaf(key_of(Space.VENUE, "mall"), len(INCIDENTS), venue_chain("mall", INCIDENTS)),
        *(
            Leaf(key_of(Space.STREAM, f"door/{number}"), number, sha256(bytes([number])).digest())
            for number in range(1, 40)
        ),
    ]
)
NOTE = Checkpoint(SIGNER.name, 99, bytes(32), summary(LEAVES).hash).signed(SIGNER).whole
FOREIGN = Signer("example.org/log", bytes(32))
BY_ANOTHER = Checkpoint(SIGNER.name, 99, bytes(32), summary(LEAVES).hash).signed(FOREIGN).whole


def document(space: Space, name: str) -> HeadDocument:
    """Make the proof of an entry, or that there is none."""
    key = key_of(space, name)
    leaf = next((leaf for leaf in LEAVES if leaf.key == key), None)
    found = (leaf.number, leaf.hash) if leaf else (0, b"")
    incidents = INCIDENTS if (space, name) == (Space.VENUE, "mall") else []
    return HeadDocument(space, name, *found, prove(LEAVES, key), incidents, NOTE)


ABSENT = [f"incident/{number}" for number in range(60)]
"""So many that there are ways that end at a leaf, and ways that end at nothing."""

SOUND = [
    document(Space.STREAM, "door/7"),
    document(Space.VENUE, "mall"),
    document(Space.VENUE, "door/7"),
    *(document(Space.STREAM, name) for name in ABSENT),
]


def verdict(text: str) -> str:
    """Return whether a proof holds, as the second implementation says it."""
    try:
        read = HeadDocument.parse(text)
    except DocumentInvalid:
        return "no proof"
    try:
        read.verify(SIGNER.verifier)
    except DocumentInvalid:
        return "false"
    return "sound"


def changed(text: str) -> Iterator[str]:
    """Yield a proof with some value or other changed, taken away, doubled or exchanged."""
    while True:
        read = json.loads(text)
        where, key = CHANCE.choice(list(places(read)))
        where[key] = CHANCE.choice(other_values(where[key]))
        yield json.dumps(read)


def places(read: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(read) if isinstance(read, dict) else range(len(read)):
        yield read, key
        if isinstance(read[key], dict | list):
            yield from places(read[key])


def other_values(value: Any) -> list[Any]:
    """Return what may stand in the place of a value; none of it means the same."""
    donor = json.loads(CHANCE.choice(SOUND).text)
    strange: list[Any] = [None, True, -1, 1 << 60, "", "x", [], {}, "0" * 64, "\ud83d", [[]]]
    near: list[Any]
    match value:
        case str() if value:
            at = CHANCE.randrange(len(value))
            near = [
                value[:at] + CHANCE.choice("0af+\n") + value[at + 1 :],
                value[:at],
                value.upper(),
            ]
            near += [donor["name"], donor["hash"], value + " "]
        case bool() | None | str():
            near = [{"key": "0" * 64, "number": 1, "hash": "0" * 64}]
        case int():
            near = [value + 1, value - 1, value * 256]
        case list():
            near = [value[1:], value[::-1], [*value, *value], [*value, "0" * 64], donor["path"]]
        case _:
            near = [dict(list(value.items())[1:]), {**value, "more": 1}]
    return [one for one in [*near, *strange] if one != value or type(one) is not type(value)]


@pytest.mark.processes
def test_every_proof_holds_by_both() -> None:
    texts = [one.text for one in SOUND]
    assert {verdict(text) for text in texts} == {"sound"}
    assert set(second.verdicts(texts, SIGNER.verifier.vkey)) == {"sound"}
    assert {one.proof.other is None for one in SOUND[3:]} == {True, False}


def test_a_file_is_read_as_it_was_written() -> None:
    assert [HeadDocument.parse(one.text).text for one in SOUND] == [one.text for one in SOUND]


@pytest.mark.processes
def test_no_proof_that_was_changed_holds_and_both_agree_on_each() -> None:
    makers = [changed(one.text) for one in SOUND]
    texts = [next(makers[number % len(makers)]) for number in range(CHANGES)]
    found = [verdict(text) for text in texts]
    assert found == second.verdicts(texts, SIGNER.verifier.vkey)
    assert set(found) >= {"false", "no proof"}
    held = [HeadDocument.parse(text) for text, one in zip(texts, found, strict=True) if one == SO]
    assert held == [document(one.space, one.name) for one in held]  # another name, as absent


@pytest.mark.processes
@pytest.mark.parametrize(
    ("said", "of_it"),
    [
        (SOUND[0], {"number": 8}),
        (SOUND[0], {"proof": SOUND[1].proof}),
        (SOUND[0], {"number": 0, "hash": b""}),
        (SOUND[0], {"number": 0, "hash": b"", "proof": SOUND[3].proof}),
        (SOUND[0], {"name": "door/8"}),
        (SOUND[0], {"space": Space.VENUE}),
        (SOUND[0], {"incidents": INCIDENTS}),
        (SOUND[1], {"incidents": INCIDENTS[:2]}),
        (SOUND[1], {"incidents": INCIDENTS[:2], "number": 2}),
        (SOUND[1], {"incidents": INCIDENTS[::-1]}),
        (SOUND[1], {"incidents": [*INCIDENTS, INCIDENTS[0]]}),
        (SOUND[1], {"number": 0, "hash": b"", "incidents": []}),
        (SOUND[3], {"proof": Proof(SOUND[3].proof.path[:-1], SOUND[3].proof.other)}),
        (SOUND[0], {"note": NOTE.replace("99", "98")}),
        (SOUND[0], {"note": Checkpoint(SIGNER.name, 99, bytes(32)).signed(SIGNER).whole}),
        (SOUND[0], {"note": Checkpoint(SIGNER.name, 9, EMPTY, EMPTY).signed(SIGNER).whole}),
        (
            SOUND[0],
            {
                "note": Checkpoint(SIGNER.name, 99, EMPTY, summary(LEAVES).hash)
                .signed(FOREIGN)
                .whole
            },
        ),
    ],
)
def test_a_false_proof_is_refused_by_both(said: HeadDocument, of_it: dict[str, Any]) -> None:
    text = replace(said, **of_it).text
    assert verdict(text) == "false"
    assert second.verdicts([text], SIGNER.verifier.vkey) == ["false"]


def test_a_field_that_is_there_twice_is_no_proof() -> None:
    text = SOUND[0].text.replace('"number":', '"number": 1, "number":', 1)
    assert verdict(text) == "no proof"


@pytest.mark.processes
def test_a_checkpoint_with_two_maps_is_refused() -> None:
    line = NOTE.split("\n")[3]
    doubled = NOTE.partition("\n\n")[0] + f"\n{line}\n"
    note = f"{doubled}\n{SIGNER.sign(doubled).line}"
    text = replace(SOUND[0], note=note).text
    assert verdict(text) == "false"
    assert second.verdicts([text], SIGNER.verifier.vkey) == ["false"]
