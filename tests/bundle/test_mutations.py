"""Whatever is done to a real bundle is found, with a reason and a place; or it does not matter.

Where the manifest is made anew, the mutation is one that the manifest does not give away.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

<<<<<<< HEAD
from benchmarks.proof.duel import Known, differ, duel, states_otherwise
from eventstore import merkle
from eventstore.bundle import verify
from eventstore.checkpoint import Checkpoint
from eventstore.heads.hashes import Leaf, Space, key_of
from eventstore.note import Note, Signer
=======
from benchmarks.proof.duel import Known, duel
from eventstore.bundle import verify
>>>>>>> main
from tests.bundle.conftest import LOG, WITNESS, Case
from tests.bundle.forged import FORGED, signed_by_another
from tests.bundle.mutants import mutant
from tests.bundle.mutations import (
    EVENTS,
    PROVES_NOTHING,
    chained_anew,
    changed,
    flipped,
    lines,
    remade,
    with_events,
    with_lines,
)
from tests.bundle.synthetic import LOG as SMALL_LOG
from tests.bundle.synthetic import SMALL
from tests.bundle.synthetic import WITNESS as SMALL_WITNESS
from tests.bundle.verifiers import first, second, second_each, written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundle.verifiers import Files

pytestmark = pytest.mark.processes

BUNDLES_OF_A_SEED = 20
MUTANTS_OF_A_SEED = 250


@pytest.fixture(params=range(40))
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Choose what is changed and where: other choices in each of forty runs, always the same."""
    return random.Random(request.param)  # noqa: S311 - which bit is flipped is no secret


def found_in(files: Files, **known: Any) -> list[dict[str, Any]]:
    """Verify a bundle in memory, with what an auditor knows; [{}] if it is none."""
    try:
        return verify.Verification(verify.Held(files), verify.Given(**known)).run().divergences
    except verify.NotABundle as why:
        return [{"field": str(why)}]


def verdict_on(files: Files) -> int:
    """Return which of the three verdicts the first verifier comes to."""
    try:
        return verify.Verification(verify.Held(files), verify.Given()).run().verdict
    except verify.NotABundle:
        return verify.UNTOLD


def test_one_flipped_bit_anywhere_is_found(case: Case, chance: random.Random) -> None:
    path = chance.choice(sorted(case.files))
    at = chance.randint(0, len(case.files[path]) - 1)
    broken = flipped(case.files, path, at, chance.randint(0, 7))
    told = found_in(broken)
    assert told
    assert path == "manifest.json" or path in {one["file"] for one in told}


def test_one_flipped_bit_is_found_though_the_manifest_was_made_anew(
    case: Case, chance: random.Random
) -> None:
    path = chance.choice(sorted(set(case.files) - PROVES_NOTHING))
    at = chance.randint(0, len(case.files[path]) - 1)
    broken = flipped(case.files, path, at, chance.randint(0, 7))
    kept = (("kept", case.kept.encode()),)
    told = found_in(remade(broken), witnesses=(WITNESS.cosigner.vkey,), checkpoints=kept)
    assert told or does_not_matter(path, case.files[path], broken[path], at)


def does_not_matter(path: str, before: bytes, after: bytes, at: int) -> bool:
    """Tell whether a change is one of those that FORMAT.md says prove nothing."""
    if path.endswith(".tsr"):  # who made the token, and when, is not this verifier's matter
        return at < len(before) - 32
    if path.startswith("checkpoints/"):  # a cosignature that is now by a key that nobody has
        lines = [content.decode(errors="replace").split("\n") for content in (before, after)]
        return lines[0][:5] == lines[1][:5] and WITNESS.name in lines[0][5]
    if path.endswith(".jsonl"):  # an escaped letter in the other case
        return [json.loads(one) for one in before.splitlines()] == [
            json.loads(one) for one in after.splitlines()
        ]
    return False


def test_a_changed_field_of_an_event_is_found_where_it_is(
    case: Case, chance: random.Random
) -> None:
    events = lines(case.lean)
    fields = [(number, name) for number, event in enumerate(events) for name in sorted(event)]
    number, name = chance.choice(fields)
    events[number][name] = other(events[number][name])
    told = found_in(remade(with_lines(case.lean, EVENTS, events)))
    here = {one["field"] for one in told if (one["file"], one["line"]) == (EVENTS, number + 1)}
    assert here & TOLD_AS.get(name, {"hash"})


TOLD_AS = {
    "position": {"position", "proof", "inclusion"},
    "version": {"version", "hash"},
    "recorded_at": {"recorded_at", "hash"},
    "data": {"data"},
    "data_sha256": {"data"},
    "meta": {"meta"},
    "meta_sha256": {"meta"},
    "before": {"before"},
}
"""Which field is named, if this one was changed; else it is one of those that the hash seals."""


def other(value: Any) -> Any:
    """Return another value of the same form."""
    if isinstance(value, int):
        return value + 1 if value % 2 else value - 1 or 2
    for before, after in (("0", "1"), ("1", "2"), ("e", "f"), ("i", "o"), ("{", "[")):
        if before in value:
            return after.join(value.rsplit(before, 1))
    return f"{value}x"


def test_a_removed_event_is_found_where_it_was(case: Case, chance: random.Random) -> None:
    at = chance.randint(0, len(lines(case.lean)) - 1)
    gone = lines(case.lean)[at]
    told = found_in(with_events(case.lean, lambda events: events.pop(at)))
    where = {(one["stream"], one["version"]) for one in told}
    assert (gone["stream"], gone["version"]) in where or gone["stream"].startswith("export/")
    assert told


def test_cut_off_events_are_found(case: Case, chance: random.Random) -> None:
    count = chance.randint(1, len(lines(case.lean)))
    broken = with_events(case.lean, lambda events: events.__delitem__(slice(-count, None)))
    assert found_in(broken)


def test_swapped_events_are_found_where_they_are(case: Case, chance: random.Random) -> None:
    events = lines(case.lean)
    one, two = sorted(chance.sample(range(len(events)), 2))

    def swap(events: list[dict[str, Any]]) -> None:
        events[one], events[two] = events[two], events[one]

    told = found_in(with_events(case.lean, swap))
    assert told[0]["line"] in {one + 2, two + 1, one + 1}
    assert told[0]["field"] in {"position", "version", "before", "recorded_at"}


def test_swapped_contents_are_found_where_they_are(case: Case, chance: random.Random) -> None:
    events = lines(case.lean)
    one, two = sorted(chance.sample(range(len(events)), 2))

    def swap(events: list[dict[str, Any]]) -> None:
        for name in ("data", "type"):
            events[one][name], events[two][name] = events[two][name], events[one][name]
        for each in (events[one], events[two]):
            changed(each)

    if events[one]["data"] == events[two]["data"] and events[one]["type"] == events[two]["type"]:
        return
    told = found_in(with_events(case.lean, swap))
    assert {one + 1, two + 1} <= {each["line"] for each in told}


def test_an_inserted_event_is_found_where_it_is(case: Case, chance: random.Random) -> None:
    events = lines(case.lean)
    at = chance.randint(0, len(events) - 1)
    moved = chance.randint(0, 1)

    def insert(events: list[dict[str, Any]]) -> None:
        more = dict(events[at])
        changed(more, position=more["position"] + moved, version=more["version"] + 1)
        more["before"] = events[at]["hash"]
        changed(more)
        events.insert(at + 1, more)

    told = found_in(with_events(case.lean, insert))
    assert told[0]["line"] in {at + 2, at + 3}


def test_history_that_is_rewritten_with_all_its_hashes_is_found_where_it_begins(
    case: Case, chance: random.Random
) -> None:
    at = chance.randint(0, len(lines(case.lean)) - 1)

    def rewrite(events: list[dict[str, Any]]) -> None:
        events[at]["data"] = events[at]["data"].replace("{", "{ ", 1)
        chained_anew(events)

    told = found_in(with_events(case.lean, rewrite))
    (inclusion, *_) = [one for one in told if one["field"] == "inclusion"]
    assert inclusion["line"] == at + 1


def test_another_tree_under_a_foreign_key_is_whole_but_not_the_log_s(files: Files) -> None:
    forged = signed_by_another(files)
    assert not found_in(forged)
    (told,) = found_in(forged, key=LOG.verifier.vkey)[:1]
    assert (told["file"], told["field"]) == ("keys/log.vkey", "key")


def test_another_tree_does_not_begin_with_what_an_auditor_kept(case: Case) -> None:
    forged = signed_by_another(case.files)
    told = found_in(forged, checkpoints=(("kept", case.kept.encode()),))
    assert {one["file"] for one in told} == {"kept"}


def test_another_tree_is_not_cosigned(files: Files) -> None:
    told = found_in(signed_by_another(files), witnesses=(WITNESS.cosigner.vkey,))
    assert [one["field"] for one in told] == ["cosignature"]


<<<<<<< HEAD
def signed_by_another(files: Files) -> Files:
    """Forge a whole bundle: a log of just these events, rewritten, under a key of one's own."""
    events = lines(files)
    for position, event in enumerate(events, start=1):
        event["position"] = position
    events[3]["data"] = events[3]["data"].replace("{", "{ ", 1)
    chained_anew(events)
    exported = json.loads(events[-1]["data"])
    for span in exported["spans"]:
        ends = [one for one in events if one["stream"] == span["stream"]]
        span["hash"] = next(one["hash"] for one in ends if one["version"] == span["last"])
    changed(events[-1], data=json.dumps({**exported, "as_of": events[-2]["position"]}))
    leaves = [merkle.leaf_hash(bytes.fromhex(one["hash"])) for one in events]
    proofs = []
    for index in range(len(leaves)):
        spans = merkle.inclusion_spans(index, len(leaves))
        path = [merkle.root_of(leaves[span.begin : span.end]).hex() for span in spans]
        proofs.append({"position": index + 1, "proof": path})
    stream, last, newest = case_of(events, files)
    alone = Leaf(key_of(Space.STREAM, stream), last, bytes.fromhex(newest)).digest
    named = {"size": len(leaves), "stream": stream}
    head = {**named, "version": last, "hash": newest, "path": []}
    checkpoint = Checkpoint(FOREIGN.name, len(leaves), merkle.root_of(leaves), alone)
    kept = {
        path: content
        for path, content in files.items()
        if not path.startswith(("checkpoints/", "timestamps/")) and "witness" not in path
    }
    forged = {
        **kept,
        "checkpoint": checkpoint.signed(FOREIGN).whole.encode(),
        "keys/log.vkey": FOREIGN.verifier.vkey.encode() + b"\n",
        "consistency.json": json.dumps({"size": len(leaves), "proofs": []}).encode(),
        "head.json": json.dumps(head).encode(),
    }
    forged = with_lines(with_lines(forged, EVENTS, events), PROOFS, proofs)
    return remade(forged, events=len(events), checkpoint=len(leaves))


def case_of(events: list[dict[str, Any]], files: Files) -> tuple[str, int, str]:
    """Return the stream of the case, its last version, and the hash of that."""
    stream = f"incident/{json.loads(files['manifest.json'])['case']}"
    last = [one for one in events if one["stream"] == stream][-1]
    return stream, last["version"], last["hash"]


def forged_size(files: Files) -> Files:
    """Say that the log was longer."""
    note = Note.parse(files["checkpoint"].decode())
    said = Checkpoint.parse(note.text)
    larger = Checkpoint(said.origin, said.size + 1, said.root)
    forged = Note(larger.text, note.signatures).whole.encode()
    return remade({**files, "checkpoint": forged}, checkpoint=said.size + 1)


def forged_root(files: Files) -> Files:
    """Put another root under the same signature."""
    lines = files["checkpoint"].decode().split("\n")
    lines[2] = b64encode(bytes(reversed(b64decode(lines[2])))).decode()
    return remade({**files, "checkpoint": "\n".join(lines).encode()})


def signed_by_a_foreign_key(files: Files) -> Files:
    """Sign the same checkpoint with another key of the same name."""
    note = Note.parse(files["checkpoint"].decode())
    forged = Note(note.text, (FOREIGN.sign(note.text),)).whole.encode()
    return remade({**files, "checkpoint": forged})


def foreign_key(files: Files) -> Files:
    """Put another key in the place of the log's."""
    return remade({**files, "keys/log.vkey": FOREIGN.verifier.vkey.encode() + b"\n"})


def stale_root(files: Files) -> Files:
    """Put an earlier checkpoint, truly signed, in the place of the newest."""
    older = min(
        (path for path in files if path.startswith("checkpoints/")),
        key=lambda path: int(path.rpartition("/")[2]),
    )
    size = int(older.rpartition("/")[2])
    return remade({**files, "checkpoint": files[older]}, checkpoint=size)


def earlier_root_forged(files: Files) -> Files:
    """Put an earlier checkpoint there that the log's key signed, but of another log."""
    path = min(path for path in files if path.startswith("checkpoints/"))
    size = int(path.rpartition("/")[2])
    other = Checkpoint(LOG.name, size, bytes(32)).signed(LOG).whole
    return remade({**files, path: other.encode()})


def without_the_export(files: Files) -> Files:
    """Take the export's own event out."""
    return with_events(files, lambda events: events.pop())


def of_another_case(files: Files) -> Files:
    """Call it another case."""
    return remade(files, case="00000000-0000-0000-0000-000000000000")


def one_cut_off_within_a_line(files: Files) -> Files:
    """Cut the file of events off in the middle of a line."""
    return remade({**files, EVENTS: files[EVENTS][:-40]})


def a_key_twice(files: Files) -> Files:
    """Say a position twice in one line."""
    return remade(
        {**files, EVENTS: files[EVENTS].replace(b'{"position":', b'{"position":1,"position":', 1)}
    )


def a_number_with_a_fraction(files: Files) -> Files:
    """Write a version as a float."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"version":1,', b'"version":1.0,', 1)})


def not_a_number(files: Files) -> Files:
    """Write NaN for a version."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"version":1,', b'"version":NaN,', 1)})


def beyond_every_number(files: Files) -> Files:
    """Write a position that no float holds."""
    return remade(
        {**files, EVENTS: files[EVENTS].replace(b'{"position":', b'{"position":1e400,"p":', 1)}
    )


def half_a_character(files: Files) -> Files:
    """Write half of a surrogate pair into a text."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"type":"', b'"type":"\\ud83d', 1)})


FORGED = {
    "checkpoint": (forged_size, forged_root, signed_by_a_foreign_key, foreign_key),
    EVENTS: (
        stale_root,
        without_the_export,
        of_another_case,
        one_cut_off_within_a_line,
        a_key_twice,
        a_number_with_a_fraction,
        not_a_number,
        beyond_every_number,
        half_a_character,
    ),
    "checkpoints/": (earlier_root_forged,),
}


=======
>>>>>>> main
@pytest.mark.parametrize(
    ("place", "forge"),
    [(place, forge) for place, forges in FORGED.items() for forge in forges],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_forged_is_found_by_both_at_its_place(
    files: Files, place: str, forge: Any, tmp_path: Path
) -> None:
    folder = written(forge(files), tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert found.exit == 1
        assert any(str(one["file"]).startswith(place) for one in found.divergences)


@pytest.mark.parametrize("seed", range(3))
def test_both_verifiers_agree_on_every_bundle(case: Case, seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - which bit is flipped is no secret
    broken = [flipped_somewhere(case.files, chance) for _ in range(BUNDLES_OF_A_SEED)]
    folders = [written(files, tmp_path / str(n)) for n, files in enumerate(broken)]
    for files, found in zip(broken, second_each(folders), strict=True):
        told = found_in(files)
        assert verdict_on(files) == found.exit
        if not any(
            one.get("file") == "checkpoint" for one in told
        ):  # else there is nothing to go by
            assert {one["position"] for one in told if one.get("position")} == found.positions


@pytest.mark.parametrize("seed", range(4))
def test_both_verifiers_agree_on_what_anybody_may_change(seed: int) -> None:
    base = SMALL.files()
    known = Known(SMALL_LOG.verifier.vkey, SMALL_WITNESS.cosigner.vkey, base["checkpoints/5"])
    bundles = [mutant(base, random.Random(f"{seed}/{n}")) for n in range(MUTANTS_OF_A_SEED)]  # noqa: S311 - no secret
    with duel(base, known) as verifiers:
        ((ours, theirs),) = verifiers.both([base])
        assert ours.exit == theirs.exit == 0
        for number, (one, two) in enumerate(verifiers.both(bundles)):
            assert not differ(one, two), number
            assert not states_otherwise(one, ours), number
            assert not states_otherwise(two, theirs), number


def flipped_somewhere(files: Files, chance: random.Random) -> Files:
    """Flip a bit; in half of all bundles one that the manifest does not give away."""
    path = chance.choice(sorted(files))
    broken = flipped(files, path, chance.randrange(len(files[path])), chance.randrange(8))
    return remade(broken) if chance.random() < 0.5 and path != "manifest.json" else broken
