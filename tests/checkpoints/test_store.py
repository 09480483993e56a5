"""What is kept in a user's folder, by several processes at once."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.client.checkpoints import evidence
from services.client.checkpoints.evidence import EvidenceInvalid, Verdict
from services.client.checkpoints.store import (
    EVIDENCE_MAX,
    CheckpointStore,
    StoreUnusable,
    state_folder,
)
from tests.checkpoints.logs import SERVER, another, contact, log

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROCESSES = 6

CONTACTS = """
import asyncio, sys
from pathlib import Path
from services.client.checkpoints.store import CheckpointStore
from tests.checkpoints.logs import contact, log
store = CheckpointStore(Path(sys.argv[1]))
for size in range(1, 41):
    found = asyncio.run(contact(log(size), store, patience_s=0.0).check())
    print(found.alarm or found.status, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "kept")


def files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def test_it_is_where_programs_of_a_user_keep_their_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "muster"
    monkeypatch.setenv("HOME", str(tmp_path))
    for said in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", said)
        assert state_folder() == tmp_path / ".local" / "state" / "muster"


async def test_only_its_user_reads_it(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    await contact(another(20), store).check()
    found = list(files(store.folder))
    assert {file.parent.name for file in found} == {"kept", "logs", "servers", "evidence"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in found} == {0o600}
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


@pytest.mark.processes
async def test_several_processes_keep_what_only_grows(store: CheckpointStore) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"}
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", CONTACTS, store.folder, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    answers = [(await one.communicate())[0].decode().split() for one in running]
    assert [one.returncode for one in running] == [0] * PROCESSES
    said = {word for answer in answers for word in answer}
    assert said <= {"first", "same", "grown", "shrunk"}  # behind one that is ahead
    assert store.logs()[0].checkpoint.size == 40
    assert not [file for file in files(store.folder) if file.name.endswith(".part")]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"key": "x"}', '{"key": "x", "note": "", "kept_at": "now"}']
)
async def test_a_file_that_was_damaged_is_said_and_never_replaced(
    store: CheckpointStore, content: str
) -> None:
    await contact(log(10), store).check()
    (file,) = (store.folder / "logs").iterdir()
    file.write_text(content)
    with pytest.raises(StoreUnusable, match=r"logs/\w+\.json"):
        await contact(log(20), store).check()
    assert file.read_text() == content


async def test_a_kept_note_that_was_forged_is_not_believed(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    (file,) = (store.folder / "logs").iterdir()
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "note": said["note"].replace("\n10\n", "\n11\n")}))
    with pytest.raises(StoreUnusable, match="not signed"):
        await contact(log(20), store).check()


async def test_evidence_is_never_written_over(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    first = await contact(another(11), store).check()
    assert first.evidence is not None
    written = first.evidence.read_bytes()
    for size in range(11, 40):
        assert (await contact(another(size), store).check()).evidence is not None
    assert first.evidence.read_bytes() == written
    assert len(list((store.folder / "evidence").iterdir())) == EVIDENCE_MAX


async def test_evidence_proves_nothing_once_it_was_changed(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    found = await contact(another(30), store).check()
    assert found.evidence is not None
    whole = json.loads(found.evidence.read_text("utf-8"))
    assert evidence.judge(evidence.parse(json.dumps(whole))) is Verdict.PROVEN
    proof = whole["consistency"]
    kept_root = log(10).shown().note.split("\n")[2]  # type: ignore[union-attr] # it has events
    changes = [
        ({"kept": {**whole["kept"], "note": whole["kept"]["note"].replace("10", "11", 1)}}, 0),
        ({"kept": whole["shown"]}, 1),
        ({"shown": None}, 0),
        ({"consistency": None}, 1),
        ({"consistency": {**proof, "first_root": kept_root}}, 1),
        ({"consistency": {**proof, "first": 9}}, 1),
        ({"consistency": {**proof, "proof": proof["proof"][1:]}}, 1),
    ]
    verdicts = (Verdict.NOT_PROVEN, Verdict.SIGNED)
    for change, verdict in changes:
        said = evidence.parse(json.dumps({**whole, **change}))
        assert evidence.judge(said) is verdicts[verdict], change
    with pytest.raises(EvidenceInvalid, match=r"consistency\.first_root: .*base64"):
        evidence.parse(json.dumps({**whole, "consistency": {**proof, "first_root": 7}}))


async def test_how_often_nothing_could_be_compared_is_counted_until_it_could(
    store: CheckpointStore,
) -> None:
    assert [store.missed(SERVER).times for _ in range(3)] == [1, 2, 3]
    await contact(log(10), store).check()
    assert store.missed(SERVER).times == 1


async def test_a_folder_that_can_t_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="file"):
        await contact(log(10), CheckpointStore(tmp_path / "file" / "kept")).check()
