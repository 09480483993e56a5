"""Whatever is done to a real bundle is found, with a reason and a place; or it does not matter.

Where the manifest is made anew, the mutation is one that the manifest does not give away.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.proof.duel import Known, differ, duel, states_otherwise
from eventstore.bundle import verify
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
