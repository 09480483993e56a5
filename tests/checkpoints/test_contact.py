"""What a contact finds, keeps and proves."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.proof.forgery import Answers, Kind, MemoryLog, forged, sealed, written
from eventstore.checkpoint import Checkpoint
from eventstore.merkle import root_of
from eventstore.note import Signer
from services.checkpoints import evidence, wording
from services.checkpoints.comparison import Alarm, Ended, Shown, Status
from services.checkpoints.contact import NotCompared
from services.checkpoints.evidence import Verdict
from services.checkpoints.store import CheckpointStore
from tests.checkpoints.logs import ROWS, SIGNER, Turns, another, contact, log

if TYPE_CHECKING:
    from pathlib import Path

    from services.checkpoints.comparison import Finding, Growth

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


@pytest.mark.parametrize("kind", Kind)
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
    assert all(len(wording.headline(found, language)) > 10 for language in ("zh", "en"))
    said = " ".join(wording.details(found, "en").values())
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
    """Shows one checkpoint, and proves by a log."""

    def __init__(self, shown: Shown, proves: MemoryLog | None = None) -> None:
        self._shown = shown
        self._proves = proves or log(40)
        self.growth = self._proves.growth

    async def newest(self) -> Shown:
        """Show it."""
        return self._shown


def of_lineage(rows: MemoryLog, lineage: int, *ended: Ended) -> Fixed:
    """Show a log as a later lineage."""
    signer = SIGNER.named(f"{SIGNER.name}/{lineage}")
    one = Checkpoint(signer.name, len(rows.rows), root_of(rows.leaves))
    note = one.signed(signer).whole
    return Fixed(Shown(note, lineage, signer.verifier.vkey, ended), rows)


def acknowledged(signed: int, differs_from: int, lineage: int = 1) -> Ended:
    """Return an acknowledgement as a service lists it."""
    root = root_of(log(signed).leaves)
    return Ended("d", lineage, signed, root, differs_from, signed + 1, "admin", "a disk was lost")


async def test_a_lineage_that_was_acknowledged_goes_on_and_says_so(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    found = await contact(of_lineage(another(30), 2, acknowledged(20, 3)), store).check()
    assert (found.status, found.alarm) == (Status.NEW_LINEAGE, None)
    assert "from position 3 on" in wording.headline(found, "en")
    assert "a disk was lost" in " ".join(wording.details(found, "zh").values())
    (one,) = store.logs()
    assert (one.checkpoint.origin, one.checkpoint.size) == (f"{SIGNER.name}/2", 30)
    assert one.key.vkey == SIGNER.verifier.vkey
    kept = list((store.folder / "evidence").iterdir())
    assert len(kept) == 1
    again = await contact(of_lineage(another(30), 2, acknowledged(20, 3)), store).check()
    assert again.status is Status.SAME
    back = await contact(log(40), store).check()
    assert back.alarm is Alarm.SHRUNK


@pytest.mark.parametrize(
    ("ended", "alarm"),
    [
        ((), Alarm.LINEAGE_UNEXPLAINED),
        ((acknowledged(20, 3, lineage=2),), Alarm.LINEAGE_UNEXPLAINED),
        ((acknowledged(9, 3),), Alarm.LINEAGE_UNEXPLAINED),
        ((acknowledged(20, 11),), Alarm.FORKED),
    ],
)
async def test_a_lineage_excuses_no_more_than_was_acknowledged(
    store: CheckpointStore, ended: tuple[Ended, ...], alarm: Alarm
) -> None:
    await contact(log(10), store).check()
    found = await contact(of_lineage(another(30), 2, *ended), store).check()
    assert (found.alarm, kept_size(store)) == (alarm, 10)


async def test_what_lies_before_what_was_acknowledged_must_be_as_it_was(
    store: CheckpointStore,
) -> None:
    await contact(log(10), store).check()
    found = await contact(of_lineage(log(30), 2, acknowledged(20, 16)), store).check()
    assert (found.status, found.growth is not None) == (Status.NEW_LINEAGE, True)


async def test_a_log_is_first_seen_in_a_later_lineage(store: CheckpointStore) -> None:
    shown = of_lineage(log(10), 3)
    assert (await contact(shown, store).check()).status is Status.FIRST
    pin = SIGNER.named(f"{SIGNER.name}/3").verifier.vkey
    assert (await contact(shown, store, pin).check()).status is Status.SAME
    assert store.logs()[0].key.vkey == SIGNER.verifier.vkey


async def test_a_lineage_that_is_called_a_log_of_its_own_is_still_compared(
    store: CheckpointStore,
) -> None:
    await contact(of_lineage(log(10), 2), store).check()
    said = await of_lineage(another(20), 2).newest()
    called = replace(contact(Fixed(said._replace(lineage=1), another(20)), store), server="x:1")
    assert (await called.check()).alarm is Alarm.FORKED
