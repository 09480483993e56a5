"""Backups of the keys of personal data: apart from the log, and for a stated time only.

That a backup is made, and until when it may be kept, is entered beside the keys before it is
begun: so of a key that is destroyed later it is known until when copies of it may be left. What is
restored is what the log of the database still allows: a key that it orders to be destroyed is not
brought back at all, and its share is destroyed again.
"""

from __future__ import annotations

import asyncio
import hmac
import shutil
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from eventstore.backup import dump
from eventstore.backup.backup import BEGIN_ANEW, KEYS, DatabaseInUse, connected
from eventstore.backup.dump import Copied
from eventstore.backup.manifest import (
    SHARES,
    VAULT_FILE,
    BackupInvalid,
    VaultManifest,
    begun,
    digest,
    finished,
    forget_expired,
    intact,
    read_manifest,
)
from eventstore.privacy.key_shares import BLOCKS, require_block
from eventstore.privacy.shares import BLOCK_BYTES, BLOCK_SHARES, Shares

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

    from eventstore.postgres.connection import Connection

OBEYED = "SELECT position FROM muster_vault.obeyed"
NOW = "SELECT clock_timestamp()"
ENTER = "INSERT INTO muster_vault.backup (made_at, expires_at) VALUES ($1, $2)"
CLEAR_VAULT = """
    TRUNCATE muster_vault.key, muster_vault.obeyed, muster_vault.share_block, muster_vault.backup"""
ORDERED = """
    SELECT DISTINCT json_array_elements_text(data -> 'keys') FROM muster.event
    WHERE type = 'PersonalDataErased'"""
GOES_ON = """
    SELECT setval('muster_vault.share_number', greatest($1, (
        SELECT coalesce(max(share), 0) FROM muster_vault.key)))"""
"""Shares of the folder may have had keys that are lost: none is used twice."""
GONE = "SELECT share FROM muster_vault.key WHERE wrapped IS NULL AND share IS NOT NULL"


NOT_THERE = b"\\N"
CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clocks of two machines may differ before a backup is not believed its time."""


class KeyDiffers(Exception):
    """The keys were wrapped with another key than the one that the settings name."""


async def save_vault(  # noqa: PLR0913, PLR0917 - what is saved, where, and for how long
    programs: Path,
    dsn: str,
    folder: Path,
    key: bytes,
    keep: timedelta,
    shares: Shares | None = None,
) -> tuple[Path, VaultManifest]:
    """Save the wrapped keys and their shares, and remove what may not be kept any longer.

    Raises ProgramFailed, and VaultBroken if there are shares that can't be saved with them.
    """
    forget_expired(folder, datetime.now(UTC), keep)
    async with connected(dsn) as connection:
        for block, file_id in await connection.fetch(BLOCKS):
            require_block(shares, block, file_id)
        now: datetime = await connection.fetchval(NOW)
        await connection.execute(ENTER, now, now + keep)
        part = begun(folder, now)
        file = part / VAULT_FILE
        obeyed = int(await connection.fetchval(OBEYED))
        await dump.write_keys(programs, dsn, file)
        keys = int(await connection.fetchval(KEYS))
    blocks = [] if shares is None else shares.blocks()
    manifest = VaultManifest(
        made_at=now,
        expires_at=now + keep,
        keys=keys,
        obeyed=obeyed,
        wrapped_by=told_by(key),
        bytes=file.stat().st_size,
        sha256=await asyncio.to_thread(digest, file),
        shares=await asyncio.to_thread(_copied, blocks, part / SHARES),
    )
    return finished(part, manifest), manifest


async def restore_vault(  # noqa: PLR0913, PLR0917 - as above
    programs: Path,
    dsn: str,
    place: Path,
    key: bytes,
    keep: timedelta,
    shares: Shares | None = None,
) -> VaultManifest:
    """Bring keys into a vault that has none, but for those that the log orders to be destroyed.

    Raises BackupInvalid, also for one that has expired, DatabaseInUse, KeyDiffers, ProgramFailed,
    VaultBroken if the folder holds shares of another vault.
    """
    manifest = _readable(place, key)
    if manifest.shares and shares is None:
        raise BackupInvalid(f"the keys in {place} have shares: set vault.shares_folder")
    file = await asyncio.to_thread(intact, place / VAULT_FILE, manifest.bytes, manifest.sha256)
    copies = [
        await asyncio.to_thread(intact, place / SHARES / name, BLOCK_BYTES, sha256)
        for name, sha256 in manifest.shares.items()
    ]
    async with connected(dsn) as connection:
        if await connection.fetchval(KEYS):
            raise DatabaseInUse("the vault holds keys already: nothing is restored over them")
        if shares is not None:
            for copy in copies:
                await asyncio.to_thread(shares.adopt, copy)
        saved = await asyncio.to_thread(dump.read_keys, programs, file)
        await _bring_back(connection, saved, manifest.expires_at, keep)
        if shares is not None:
            await connection.execute(GOES_ON, len(shares.blocks()) * BLOCK_SHARES)
            gone = [row["share"] for row in await connection.fetch(GONE)]
            await asyncio.to_thread(shares.destroy, gone)
    return manifest


def told_by(key: bytes) -> str:
    """Return what tells whether a key is this one."""
    return hmac.digest(key, b"muster/vault/v1/told by", "sha256").hex()[:16]


def _readable(place: Path, key: bytes) -> VaultManifest:
    """Read what a backup says of itself; refuse one that has expired, or has another key."""
    manifest, now = read_manifest(place, VaultManifest), datetime.now(UTC)
    if manifest.expires_at <= now:
        raise BackupInvalid(
            f"{place} was to be kept until {manifest.expires_at:%Y-%m-%d %H:%M} UTC only: what was "
            "erased since it was made could be read again; remove it and every copy of it"
        )
    if manifest.made_at > now + CLOCKS_DIFFER:
        raise BackupInvalid(
            f"{place} was made at {manifest.made_at:%Y-%m-%d %H:%M} UTC, which is in the future: "
            "set this machine's clock, or nothing tells whether it has expired"
        )
    if manifest.wrapped_by != told_by(key):
        raise KeyDiffers(f"{place} was wrapped with another key than the one in the settings")
    return manifest


async def _bring_back(
    connection: Connection, saved: Mapping[str, Copied], expires_at: datetime, keep: timedelta
) -> None:
    """Fill the tables in one transaction; a key that is to be destroyed is never written."""
    async with connection.transaction():
        await connection.execute(CLEAR_VAULT)
        now: datetime = await connection.fetchval("SELECT now()")
        ordered = {row[0].encode() for row in await connection.fetch(ORDERED)}
        await _copy(connection, "key", _without(saved["key"], ordered, now))
        for table in ("share_block", "backup"):
            await _copy(connection, table, saved.get(table, Copied((), ())))
        # Backups that were made since this one are not in it: they have expired by then.
        await connection.execute(ENTER, now, max(now + keep, expires_at))
        await connection.execute(BEGIN_ANEW)


def _without(keys: Copied, ordered: Container[bytes], now: datetime) -> Copied:
    """Return keys with those destroyed that were ordered to be."""
    name, wrapped, erased = map(keys.columns.index, ("key_id", "wrapped", "erased_at"))
    rows = [list(row) for row in keys.rows]
    for row in rows:
        if row[name] in ordered and row[wrapped] != NOT_THERE:
            row[wrapped], row[erased] = NOT_THERE, now.isoformat().encode()
    return Copied(keys.columns, rows)


async def _copy(connection: Connection, table: str, copied: Copied) -> None:
    if copied.rows:
        await connection.copy_to_table(
            table,
            source=BytesIO(copied.text()),
            columns=copied.columns,
            schema_name="muster_vault",
        )


def _copied(blocks: Iterable[Path], into: Path) -> dict[str, str]:
    """Copy blocks of shares; return their digests, by their names."""
    found = {}
    for block in blocks:
        into.mkdir(exist_ok=True, mode=0o700)
        copy = into / block.name
        shutil.copyfile(block, copy)
        found[block.name] = digest(copy)
    return found
