"""Whatever is done to a log, or to what was promised about it, the checker says so."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from benchmarks.torture import checker, evidence, hashes, notes
from benchmarks.torture.evidence import Answer
from benchmarks.torture.hashes import genesis, seal
from tests.conftest import execute
from tests.torture.conftest import SIGNER, note_over

if TYPE_CHECKING:
    from types import ModuleType

    from benchmarks.torture.evidence import Event
    from tests.torture.conftest import Scene

UNLOCK = "ALTER TABLE muster.event DISABLE TRIGGER ALL"
SIGNER_ID, OTHER_ID = UUID(int=1), UUID(int=2)
OTHER_HASH = b"\x55" * 32


def sealed_anew(log: list[Event]) -> list[Event]:
    """Write a log anew as somebody would who knows how."""
    heads: dict[str, bytes] = {}
    anew = []
    for event in log:
        sealed = seal(heads.get(event.stream) or genesis(event.stream), event)
        heads[event.stream] = sealed
        anew.append(event._replace(hash=sealed))
    return anew


def test_a_log_that_held_is_not_doubted(scene: Scene) -> None:
    verdict = scene.verdict()
    assert verdict.complaints == []
    assert (verdict.acknowledged, verdict.events, verdict.checkpoints) == (12, 24, 2)
    assert verdict.watched == 24


def test_an_event_that_was_removed_is_missed(scene: Scene) -> None:
    del scene.log[5]
    verdict = scene.verdict()
    assert verdict.lost == 1
    assert any("position 7 where 6 should be" in one for one in verdict.complaints)


async def test_an_event_that_was_removed_from_the_database_is_missed(scene: Scene) -> None:
    owner = scene.database.owner_dsn
    await execute(owner, UNLOCK, "DELETE FROM muster.event WHERE position = 9")
    await scene.read_again()
    assert scene.verdict().lost == 1


async def test_a_tail_that_was_cut_is_missed(scene: Scene) -> None:
    owner = scene.database.owner_dsn
    await execute(owner, UNLOCK, "DELETE FROM muster.event WHERE position > 20")
    await scene.read_again()
    verdict = scene.verdict()
    assert verdict.lost == 2
    assert any("saw another log: 24 of 20" in one for one in verdict.complaints)
    assert any("over 24 events is not one of this log" in one for one in verdict.complaints)


def test_a_tail_that_was_written_anew_is_not_what_was_signed(scene: Scene) -> None:
    last = scene.log[-1]
    scene.log[-1] = last._replace(occurred_at=last.occurred_at + timedelta(hours=1))
    scene.log = sealed_anew(scene.log)
    complaints = scene.verdict().complaints
    assert complaints == [
        "watched saw another log: 24 of 24, differs at 24",
        "the checkpoint over 24 events is not one of this log",
    ]


def test_an_event_that_is_there_twice_is_seen(scene: Scene) -> None:
    again = scene.log[3]._replace(position=25, version=9, recorded_at=scene.log[-1].recorded_at)
    scene.log = sealed_anew([*scene.log, again])
    assert scene.verdict().duplicated == 2


def test_a_command_that_was_carried_out_twice_under_other_ids_is_seen(scene: Scene) -> None:
    last = scene.log[-1]
    stranger = last._replace(position=25, version=last.version + 1, event_id=SIGNER_ID)
    first = scene.log[0]._replace(position=26, version=9, event_id=OTHER_ID)
    scene.log = sealed_anew([*scene.log, stranger, first])
    verdict = scene.verdict()
    assert verdict.duplicated == 1
    assert "nobody asked for what is at position 25" in verdict.complaints


def test_events_that_changed_places_are_seen(scene: Scene) -> None:
    scene.log[4], scene.log[5] = scene.log[5], scene.log[4]
    assert any("position 6 where 5 should be" in one for one in scene.verdict().complaints)


def test_events_that_changed_positions_are_seen(scene: Scene) -> None:
    one, other = scene.log[0], scene.log[1]
    scene.log[:2] = other._replace(position=1), one._replace(position=2)
    assert scene.verdict().divergences > 0


def test_a_broken_hash_is_seen(scene: Scene) -> None:
    scene.log[7] = scene.log[7]._replace(hash=OTHER_HASH)
    complaints = scene.verdict().complaints
    assert "the hash at position 8 is not that of its event" in complaints


async def test_a_changed_text_is_seen(scene: Scene) -> None:
    change = "UPDATE muster.event SET data = replace(data::text, '0/0', '0/1')::json"
    await execute(scene.database.owner_dsn, UNLOCK, f"{change} WHERE position = 1")
    await scene.read_again()
    complaints = scene.verdict().complaints
    assert "the hash at position 1 is not that of its event" in complaints
    assert any("is not there whole" in one for one in complaints)


def test_a_changed_text_under_new_hashes_is_seen(scene: Scene) -> None:
    changed = scene.log[0].data.replace("0/0", "0/1")
    scene.log = sealed_anew([scene.log[0]._replace(data=changed), *scene.log[1:]])
    complaints = scene.verdict().complaints
    assert not any("the hash at" in one for one in complaints)
    assert any("is not there whole" in one for one in complaints)


def test_an_acknowledgement_of_what_is_not_there_is_a_loss(scene: Scene) -> None:
    promise = next(iter(scene.journals.promises.values()))
    scene.journals.promises["5a1f6e1e-0000-4000-8000-000000000000"] = promise
    assert scene.verdict().lost == 1


def test_an_acknowledgement_of_another_place_is_seen(scene: Scene) -> None:
    promise = next(iter(scene.journals.promises.values()))
    told = promise.answers[0]
    promise.answers.append(Answer(told.stream, told.version, told.position + 1, told.events, 0))
    assert any("not where it was acknowledged" in one for one in scene.verdict().complaints)


def test_what_was_asked_and_never_noted_is_seen(scene: Scene) -> None:
    scene.journals.promises.popitem()
    assert any("nobody asked" in one for one in scene.verdict().complaints)


def test_what_comes_before_what_was_acknowledged_earlier_is_seen(scene: Scene) -> None:
    first, *_, last = scene.journals.promises.values()
    first.at, last.answers[0] = 10, last.answers[0]._replace(at=5)
    last.at = 1
    assert any("came before" in one for one in scene.verdict().complaints)


def test_a_time_that_goes_back_is_seen(scene: Scene) -> None:
    early = scene.log[10].recorded_at - timedelta(days=1)
    scene.log[10] = scene.log[10]._replace(recorded_at=early)
    assert any("goes back at position 11" in one for one in scene.verdict().complaints)


def test_a_version_that_is_left_out_is_seen(scene: Scene) -> None:
    scene.log[-1] = scene.log[-1]._replace(version=99)
    assert any("has version 99" in one for one in scene.verdict().complaints)


def test_a_watcher_that_missed_an_event_is_seen(scene: Scene) -> None:
    del scene.journals.pages["watched"][3]
    assert any("saw another log" in one for one in scene.verdict().complaints)


def test_a_watcher_that_saw_an_event_twice_is_seen(scene: Scene) -> None:
    pages = scene.journals.pages["watched"]
    pages.append(pages[-1])
    assert any("saw another log" in one for one in scene.verdict().complaints)


def test_a_watcher_that_was_shown_half_a_commit_is_seen(scene: Scene) -> None:
    pages = scene.journals.pages["watched"]
    pages[1:2] = [pages[1][:1], pages[1][1:]]
    assert any("half a commit" in one for one in scene.verdict().complaints)


def test_a_checkpoint_that_somebody_else_signed_is_seen(scene: Scene) -> None:
    scene.journals.vkey = SIGNER.generate(SIGNER.name).verifier.vkey
    assert scene.verdict().divergences == 2


def test_a_checkpoint_of_another_log_is_seen(scene: Scene) -> None:
    other = [event._replace(hash=OTHER_HASH) for event in scene.log]
    scene.journals.notes.append(note_over(other, 3))
    assert scene.verdict().complaints == ["the checkpoint over 3 events is not one of this log"]


def test_a_checkpoint_with_another_root_under_its_signature_is_seen(scene: Scene) -> None:
    note = scene.journals.notes[0]
    scene.journals.notes[0] = note.replace("\n7\n", "\n8\n")
    assert "checkpoint 1 is not signed by the notary" in scene.verdict().complaints


@pytest.mark.parametrize("module", [checker, evidence, hashes, notes])
def test_the_checker_knows_nothing_of_the_code_that_it_checks(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    ours = {
        "eventstore",
        "compiler",
        "domain",
        "services",
        "projections",
        "activities",
        "workflows",
    }
    assert not {name for name in named if name.partition(".")[0] in ours}
