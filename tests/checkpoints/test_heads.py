"""What a contact makes of the map of heads that a checkpoint signs beside the tree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from services.client.checkpoints import evidence, texts
from services.client.checkpoints.comparison import Alarm, Status
from services.client.checkpoints.evidence import Verdict
from services.client.checkpoints.store import CheckpointStore
from tests.checkpoints.logs import SIGNER, contact, log

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.proof.forgery import MemoryLog

ONE, OTHER = bytes([1]) * 32, bytes([2]) * 32


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "kept")


def with_heads(count: int, heads: bytes | None = ONE) -> MemoryLog:
    return replace(log(count), heads=heads)


async def test_another_map_over_the_same_tree_is_a_fork_that_proves_itself(
    store: CheckpointStore,
) -> None:
    await contact(with_heads(10), store).check()
    found = await contact(with_heads(10, OTHER), store).check()
    assert (found.alarm, found.growth, found.conclusive) == (Alarm.FORKED, None, True)
    assert found.evidence is not None
    judged = evidence.judge(evidence.parse(found.evidence.read_text("utf-8")))
    assert judged is Verdict.PROVEN
    said = " ".join(texts.details(found, "en").values())
    assert all(f"heads {one.hex()}" in said for one in (ONE, OTHER))
    assert store.logs()[0].checkpoint.heads == ONE


async def test_a_log_that_begins_to_sign_its_map_is_followed_in_silence(
    store: CheckpointStore,
) -> None:
    sources = [with_heads(10, None), with_heads(10), with_heads(20, OTHER)]
    found = [await contact(one, store).check() for one in sources]
    assert [one.status for one in found] == [Status.FIRST, Status.SAME, Status.GROWN]
    assert [texts.headline(one, "en") for one in found] == [""] * 3
    assert store.logs()[0].checkpoint.heads == OTHER


@pytest.mark.parametrize(("size", "kept"), [(10, (10, ONE)), (20, (20, None))])
async def test_a_log_that_signs_its_map_no_more_is_warned_of(
    store: CheckpointStore, size: int, kept: tuple[int, bytes | None]
) -> None:
    await contact(with_heads(10), store).check()
    found = await contact(with_heads(size, None), store).check()
    assert (found.alarm, texts.reason_of(found)) == (None, "LOG_LACKS_HEADS")
    assert all("muster-heads/1" in texts.headline(found, one) for one in ("zh", "en"))
    (one,) = store.logs()
    assert (one.checkpoint.size, one.checkpoint.heads) == kept
    assert one.key.vkey == SIGNER.verifier.vkey
