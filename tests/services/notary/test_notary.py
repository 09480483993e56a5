"""The notary's process: its key, its witnesses, its timestamps; and that it is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from eventstore.integrity.archive import COSIGNED, newest
from eventstore.log.log import Log
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.note import Note
from services.notary.main import KeyUnusable, make_key, read_key
from services.runtime.settings.settings import Notary as Chosen
from tests.eventstore.notarising import (
    PATIENCE_S,
    SIGNER,
    signed_up_to,
    until,
)
from tests.eventstore.samples import events
from tests.services.accompanied import OTHER, WITNESS, accompanied, chosen_of, witness_of
from tests.services.others import Answer, Authority, Witness, served, witnessing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from eventstore.notary.notary import Notary
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint
    from tests.conftest import Database


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


def cosigned(folder: Path) -> Note | None:
    archive = newest(folder)
    note = archive.checkpoint(COSIGNED) if archive else None
    return None if note is None else Note.parse(note)


async def listed(database: Database, what: Callable[[StoredCheckpoint], bool]) -> bool:
    """Wait until the newest checkpoint in the database is so."""
    proofs = await Proofs.open(database.dsn)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (latest := await proofs.latest()) is None or not what(latest):
                await asyncio.sleep(0.05)
        return True
    finally:
        await proofs.close()


def saw_all(witness: Witness, notary: Notary) -> bool:
    published = notary.seen.published
    return published is not None and witness.saw(SIGNER.name, published.signed)


def texts_agree(folder: Path, text: str) -> bool:
    note = cosigned(folder)
    return note is not None and note.text == text


async def test_a_witness_cosigns_what_it_saw_grow(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of()
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS))) as notary:
            for version in range(3):
                await log.append("door/a", version, events(1))
                last = await signed_up_to(tmp_path, version + 1)
                await until(lambda: saw_all(witness, notary))
            await until(lambda: texts_agree(tmp_path, last.text))
            note = cosigned(tmp_path)
            assert note is not None
            whole_note = note.whole
            assert await listed(database, lambda latest: latest.note == whole_note)
    assert note.signed_by(SIGNER.verifier) is not None
    assert note.signed_by(WITNESS.cosigner) is not None


async def test_a_witness_that_knew_the_log_before_is_asked_again_with_a_proof(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of()
    with witnessing(witness) as url:
        chosen = chosen_of(tmp_path, (url, WITNESS))
        async with accompanied(database, chosen):
            await log.append("door/a", 0, events(3))
            await until(lambda: witness.known.get(SIGNER.name, (0,))[0] == 3)
        async with accompanied(database, chosen):  # which does not know what the witness knows
            await log.append("door/a", 3, events(4))
            await until(lambda: witness.known.get(SIGNER.name, (0,))[0] == 7)
    assert "old 3" in witness.asked


async def test_nothing_waits_for_a_witness_that_is_away(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of(OTHER)
    with witnessing(witness) as url:
        nowhere = ("http://127.0.0.1:1/", WITNESS)
        async with accompanied(database, chosen_of(tmp_path, nowhere, (url, OTHER))):
            await log.append("door/a", 0, events(3))
            await signed_up_to(tmp_path, 3)
            await until(lambda: cosigned(tmp_path) is not None)
    note = cosigned(tmp_path)
    assert note is not None
    assert note.signed_by(OTHER.cosigner) is not None
    assert note.signed_by(WITNESS.cosigner) is None


async def test_a_cosignature_of_another_key_is_not_kept(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of(OTHER)
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS))):
            await log.append("door/a", 0, events(3))
            await until(lambda: bool(witness.known))
            await asyncio.sleep(0.2)
    assert cosigned(tmp_path) is None


async def test_a_timestamp_is_kept_that_openssl_believes(
    database: Database, log: Log, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tsa")
    await asyncio.to_thread(authority.make)
    with served(lambda _path, body: authority.answer(body)) as url:
        chosen = Chosen(
            folder=tmp_path / "notary",
            timestamp_url=url,
            timestamp_ca_file=authority.ca_file,
            timestamp_every_seconds=1,
        )
        async with accompanied(database, chosen):
            await log.append("door/a", 0, events(3))
            place = chosen.folder / "1" / "timestamp"
            await until((place / "3.tsr").exists)
            token = (place / "3.tsr").read_bytes()
            assert await listed(database, lambda latest: latest.stamped == token)
    assert authority.confirms(place / "3.note", place / "3.tsr")
    (place / "3.note").write_text("another note\n")
    assert not authority.confirms(place / "3.note", place / "3.tsr")


async def test_a_timestamp_of_an_unknown_authority_is_not_kept(
    database: Database, log: Log, tmp_path: Path
) -> None:
    authority, unknown = Authority(tmp_path / "tsa"), Authority(tmp_path / "unknown")
    await asyncio.gather(asyncio.to_thread(authority.make), asyncio.to_thread(unknown.make))
    asked: list[bytes] = []

    def answer(_path: str, body: bytes) -> Answer:
        asked.append(body)
        return unknown.answer(body)

    with served(answer) as url:
        chosen = Chosen(
            folder=tmp_path / "notary",
            timestamp_url=url,
            timestamp_ca_file=authority.ca_file,
            timestamp_every_seconds=1,
        )
        async with accompanied(database, chosen):
            await log.append("door/a", 0, events(3))
            await until(lambda: len(asked) > 1)
    assert not list((chosen.folder / "1").glob("timestamp/*"))


def test_timestamps_need_somebody_to_believe() -> None:
    with pytest.raises(ValidationError, match="timestamp_ca_file"):
        Chosen(timestamp_url="http://127.0.0.1:1")


def test_a_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "notary"
    made = make_key(file, "example.org/log")
    assert read_key(file) == made
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyUnusable):
        make_key(file, "example.org/log")


@pytest.mark.parametrize(
    ("name", "why"),
    [("example.org/log/2", "ends in /2"), ("example.org/l\u200bog", r"U\+200B"), ("a b", "spaces")],
)
def test_a_log_whose_bundles_nobody_could_verify_gets_no_key(
    tmp_path: Path, name: str, why: str
) -> None:
    with pytest.raises(KeyUnusable, match=why):
        make_key(tmp_path / "notary", name)
    assert not (tmp_path / "notary").exists()


def test_a_log_may_have_a_chinese_name(tmp_path: Path) -> None:
    made = make_key(tmp_path / "notary", "日志.example/应急")
    assert read_key(tmp_path / "notary") == made


@pytest.mark.parametrize("content", ["", "PRIVATE+KEY+a+b+c", "日志"])
def test_another_file_is_no_key(tmp_path: Path, content: str) -> None:
    file = tmp_path / "notary"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(KeyUnusable, match="notary"):
        read_key(file)


def test_a_missing_key_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="--new-key"):
        read_key(tmp_path / "notary")
