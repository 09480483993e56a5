"""A database with a vault, to save and to restore."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from domain.privacy import key_of
from eventstore.backup.backup import restore_log, save_log
from eventstore.backup.manifest import VaultManifest
from eventstore.backup.vault_backup import restore_vault, save_vault
from eventstore.log.log import Log
from eventstore.privacy.shares import Shares
from eventstore.privacy.vault import KeyFate, Vault
from tests.eventstore.samples import event

if TYPE_CHECKING:
    from pathlib import Path


KEY = bytes(range(32))
MONTH = timedelta(days=30)
PHONE = "138 0000 0000"


class Place(NamedTuple):
    """A database, the address of its owner, and a folder of shares."""

    programs: Path
    owner: str
    runtime: str
    folder: Path

    @property
    def shares(self) -> Shares:
        return Shares(self.folder / "shares")

    async def vault(self) -> Vault:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "vault").write_text(KEY.hex())
        return await Vault.connect(
            self.runtime, self.folder / "vault", shares_folder=self.folder / "shares"
        )

    async def save_keys(self, into: Path, keep: timedelta = MONTH) -> tuple[Path, VaultManifest]:
        return await save_vault(self.programs, self.owner, into, KEY, keep, self.shares)

    async def restore_keys(self, place: Path, key: bytes = KEY) -> VaultManifest:
        return await restore_vault(self.programs, self.owner, place, key, MONTH, self.shares)

    async def restore_log_of(self, other: Place, through: Path) -> None:
        saved, _ = await save_log(self.programs, other.owner, through, lambda *_: None)
        await restore_log(self.programs, self.owner, saved, lambda *_: None)

    async def order(self, *sealed: str) -> None:
        """Record the order to destroy the keys of sealed texts, and let nobody follow it."""
        log = await Log.open(self.runtime)
        for text in sealed:
            what = {"person": "li", "keys": [key_of(text)], "basis": "other_law"}
            order = event(json.dumps(what), kind="PersonalDataErased")
            await log.append(f"person/{key_of(text)}", 0, [order])
        await log.close()

    async def rows(self) -> dict[str, asyncpg.Record]:
        connection = await asyncpg.connect(self.owner)
        rows = await connection.fetch("SELECT key_id, wrapped, share FROM muster_vault.key")
        await connection.close()
        return {str(row["key_id"]): row for row in rows}


async def sealed_by(place: Place, *people: str) -> list[str]:
    vault = await place.vault()
    sealed = [await vault.seal(f"directory/{one}", PHONE) for one in people]
    await vault.close()
    return sealed


async def opened_by(place: Place, *sealed: str) -> list[object]:
    vault = await place.vault()
    found = await vault.open_all(sealed)
    await vault.close()
    return [found[one] for one in sealed]


async def fates(place: Place, *sealed: str) -> list[KeyFate]:
    vault = await place.vault()
    found = await vault.fates(map(key_of, sealed))
    await vault.close()
    return [found[key_of(one)] for one in sealed]


async def destroy(place: Place, *sealed: str) -> None:
    vault = await place.vault()
    await vault.destroy(map(key_of, sealed))
    await vault.close()
