"""What a contact finds, keeps and proves."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.proof.forgery import Answers, Kind, MemoryLog, forged, sealed, written
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import root_of
from eventstore.tlog.note import Signer
from services.client.checkpoints import evidence, texts
from services.client.checkpoints.comparison import Alarm, Shown, Status
from services.client.checkpoints.evidence import Verdict
from services.client.checkpoints.log_contact import NotCompared
from services.client.checkpoints.store import CheckpointStore
from tests.checkpoints.logs import ROWS, SIGNER, Turns, another, contact, log

if TYPE_CHECKING:
    from pathlib import Path

    from services.client.checkpoints.comparison import Finding, Growth

THIEF = Signer(SIGNER.name, bytes(range(32, 64)))
OTHER = Signer("other.test/log", bytes(range(64, 96)))


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "kept")


def judged(finding: Finding) -> Verdict:
    """Read the evidence as a third party would."""
    assert finding.evidence is not None
    return evidence.judge(evidence.parse(finding.evidence.read_text("utf-8")))


def kept_size(store: CheckpointStore) -> int:
    (one,) = store.logs()
    return one.checkpoint.size


async def test_what_is_seen_first_is_kept_and_then_only_what_it_grew_to(
    store: CheckpointStore,
) -> None:
    found = [(await contact(log(size), store).check()).status for size in (10, 10, 25)]
    assert found == [Status.FIRST, Status.SAME, Status.GROWN]
    assert kept_size(store) == 25


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RELABELLED])
@pytest.mark.parametrize("more", [0, 1, 30])
@pytest.mark.parametrize("seed", range(4))
async def test_a_fork_is_noticed_at_the_next_contact_and_again_at_each(
    store: CheckpointStore, kind: Kind, more: int, seed: int
) -> None:
    chance = random.Random(f"{kind}/{more}/{seed}")  # noqa: S311 - a seed repeats what was found
    await contact(log(40), store).check()
    rows = sealed([*forged(ROWS, kind, chance), *written(chance, more)])
    first, again = [await contact(MemoryLog(rows, SIGNER), store).check() for _ in range(2)]
    assert {first.alarm, again.alarm} <= {Alarm.FORKED, Alarm.SHRUNK, Alarm.VANISHED}
    assert (kept_size(store), first.evidence) == (40, again.evidence)
    assert judged(first) is {Alarm.FORKED: Verdict.PROVEN}.get(
        first.alarm or Alarm.SHRUNK, Verdict.SIGNED if rows else Verdict.NOT_PROVEN
    )


@pytest.mark.parametrize("answers", [Answers.LYING, Answers.REFUSING])
async def test_a_service_that_lies_or_refuses_proves_nothing(
    store: CheckpointStore, answers: Answers
) -> None:
    await contact(log(10), store).check()
    root = root_of(log(10).leaves)
    found = await contact(replace(another(30), answers=answers, claimed_root=root), store).check()
    assert (found.alarm, judged(found)) == (Alarm.UNPROVEN, Verdict.SIGNED)


async def test_two_views_of_one_size_prove_the_fork_without_any_proof(
    store: CheckpointStore,
) -> None:
    await contact(log(10), store).check()
    found = await contact(another(10), store).check()
    assert (found.alarm, found.growth, judged(found)) == (Alarm.FORKED, None, Verdict.PROVEN)
    assert all(len(texts.headline(found, language)) > 10 for language in ("zh", "en"))
    said = " ".join(texts.details(found, "en").values())
    assert all(one.leaves and root_of(one.leaves).hex() in said for one in (log(10), another(10)))


async def test_another_key_under_the_same_name_and_another_name_are_alarms(
    store: CheckpointStore,
) -> None:
    await contact(log(10), store).check()
    found = [(await contact(log(20, signer), store).check()) for signer in (THIEF, OTHER)]
    assert [one.alarm for one in found] == [Alarm.KEY_CHANGED] * 2
    assert [judged(one) for one in found] == [Verdict.NOT_PROVEN] * 2
    assert kept_size(store) == 10


async def test_a_key_that_was_given_is_believed_from_the_first_contact_on(
    store: CheckpointStore,
) -> None:
    pin = SIGNER.verifier.vkey
    assert (await contact(log(10, THIEF), store, pin).check()).alarm is Alarm.KEY_CHANGED
    assert store.logs() == []
    assert (await contact(log(10), store, pin).check()).status is Status.FIRST
    with pytest.raises(NotCompared, match="be used"):
        await contact(log(10), store, "no key").check()


async def test_a_log_is_the_same_at_another_address(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    elsewhere = replace(contact(another(20), store), server="mirror.example.org:7460")
    assert (await elsewhere.check()).alarm is Alarm.FORKED


async def test_a_signature_that_does_not_fit_is_an_alarm(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    shown = log(20).shown()
    assert shown is not None
    changed = Checkpoint(SIGNER.name, 20, bytes(32)).text
    note = changed + shown.note[len(shown.note.partition("\n\n")[0]) + 1 :]
    found = await contact(Fixed(shown._replace(note=note)), store).check()
    assert found.alarm is Alarm.SIGNATURE_INVALID


async def test_what_is_so_for_a_moment_only_is_no_alarm(store: CheckpointStore) -> None:
    await contact(log(20), store).check()
    behind = Turns([log(15), MemoryLog([], SIGNER), log(30)])
    found = await contact(behind, store, patience_s=30.0).check()
    assert (found.status, kept_size(store)) == (Status.GROWN, 30)


async def test_what_another_process_kept_meanwhile_is_compared_with_too(
    store: CheckpointStore,
) -> None:
    await contact(log(10), store).check()

    class Racing(Turns):
        async def growth(self, first: int, second: int) -> Growth:
            found = await super().growth(first, second)
            await contact(log(20), store).check()  # another process, which is shown another view
            return found

    fork = sealed([*ROWS[:15], *written(random.Random(2), 20)])  # noqa: S311 - as above
    found = await contact(Racing([MemoryLog(fork, SIGNER)]), store).check()
    assert (found.alarm, kept_size(store)) == (Alarm.FORKED, 20)


async def test_without_a_key_nothing_is_believed(store: CheckpointStore) -> None:
    shown = log(10).shown()
    assert shown is not None
    with pytest.raises(NotCompared, match="key"):
        await contact(Fixed(shown._replace(log_key="")), store).check()
    assert store.logs() == []


class Fixed:
    """Shows one checkpoint."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self.growth = log(40).growth

    async def newest(self) -> Shown:
        """Show it."""
        return self._shown
