"""The vault: readable for who has the key, until the subject is erased."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from domain.privacy import key_of
from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.vault import Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database

KEY = bytes(range(32))
PHONE = "+86 138 0000 0000 张三"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Keep the key where the settings would say."""
    file = tmp_path / "vault.key"
    file.write_text(KEY.hex() + "\n")
    return file


@pytest.fixture
async def vault(database: Database, key_file: Path) -> AsyncIterator[Vault]:
    """Open the vault."""
    opened = await Vault.connect(database.dsn, key_file)
    yield opened
    await opened.close()


async def test_what_was_sealed_can_be_opened(vault: Vault) -> None:
    sealed = await vault.seal("person/zhang", PHONE)
    assert PHONE not in sealed
    assert sealed.startswith("sealed:v2:")
    assert await vault.open(sealed) == PHONE


async def test_sealing_twice_gives_the_same_and_others_another(vault: Vault) -> None:
    sealing = [vault.seal("person/zhang", PHONE) for _ in range(8)]
    assert len(set(await asyncio.gather(*sealing))) == 1
    assert await vault.seal("person/li", PHONE) != await vault.seal("person/zhang", PHONE)


async def test_after_its_key_is_destroyed_nothing_is_readable_but_life_goes_on(
    vault: Vault,
) -> None:
    sealed = await vault.seal("person/zhang", PHONE)
    other = await vault.seal("person/li", PHONE)
    await vault.destroy([key_of(sealed)])
    await vault.destroy([key_of(sealed)])
    assert await vault.open(sealed) is None
    assert await vault.open(other) == PHONE
    again = await vault.seal("person/zhang", PHONE)
    assert again != sealed
    assert await vault.open(again) == PHONE
    assert await vault.open(sealed) is None


async def test_what_was_tampered_with_is_not_opened(vault: Vault) -> None:
    sealed = await vault.seal("person/zhang", PHONE)
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for wrong in (
        changed,
        "sealed:v1:none",
        sealed.replace(sealed[10:46], "0" * 8 + sealed[18:46]),
    ):
        with pytest.raises(VaultBroken):
            await vault.open(wrong)


async def test_what_is_broken_keeps_nothing_that_is_opened_with_it_shut(vault: Vault) -> None:
    zhang, li, gone = [await vault.seal(f"person/{who}", PHONE) for who in ("zhang", "li", "wu")]
    tampered = f"{li[:-8]}AAAAAAA="
    foreign = li.replace(key_of(li), "00000000-0000-4000-8000-000000000000")
    await vault.destroy([key_of(gone)])
    found = await vault.open_all([zhang, tampered, foreign, "plain", gone, li])
    assert (found[zhang], found[li], found[gone]) == (PHONE, PHONE, None)
    assert all(isinstance(found[one], VaultBroken) for one in (tampered, foreign, "plain"))


@pytest.mark.parametrize(
    "broken",
    [
        "{head}AAAA",
        "{head}{sealed}A",
        "{head}=",
        "{head}A",
        "{head}====",
        "sealed:v1:------------------------------------:{sealed}",
        "sealed:v1:0f-------------------------------0f0:{sealed}",
    ],
)
async def test_what_is_malformed_keeps_nothing_that_is_opened_with_it_shut(
    vault: Vault, broken: str
) -> None:
    zhang = await vault.seal("person/zhang", PHONE)
    malformed = broken.format(head=zhang[:47], sealed=zhang[47:])
    found = await vault.open_all([malformed, zhang])
    assert isinstance(found[malformed], VaultBroken)
    assert found[zhang] == PHONE
    with pytest.raises(VaultBroken):
        await vault.open(malformed)


async def test_a_key_that_was_cut_keeps_nothing_that_is_opened_with_it_shut(
    vault: Vault, database: Database
) -> None:
    zhang, li = [await vault.seal(f"person/{who}", PHONE) for who in ("zhang", "li")]
    owner = await asyncpg.connect(database.owner_dsn)
    cut = "UPDATE muster_vault.key SET wrapped = substr(wrapped, 1, 4) WHERE subject = $1"
    await owner.execute(cut, "person/zhang")
    await owner.close()
    found = await vault.open_all([zhang, li])
    assert isinstance(found[zhang], VaultBroken)
    assert found[li] == PHONE


async def test_a_new_key_takes_the_place_of_the_old_one_which_opens_nothing_any_more(
    vault: Vault, database: Database, key_file: Path, tmp_path: Path
) -> None:
    sealed = await vault.seal("person/zhang", PHONE)
    erased = await vault.seal("person/li", PHONE)
    await vault.destroy([key_of(erased)])
    new = tmp_path / "new.key"
    new.write_text("ab" * 32)
    both = await Vault.connect(database.dsn, new, key_file)
    assert await both.open(sealed) == PHONE, "before it is wrapped anew"
    assert await both.rewrap() == 1
    assert await both.rewrap() == 0, "once is enough"
    only = await Vault.connect(database.dsn, new)
    assert await only.open(sealed) == PHONE
    assert await only.open(erased) is None
    with pytest.raises(VaultBroken):
        await vault.open(sealed)
    await both.close()
    await only.close()


async def test_another_key_opens_nothing(vault: Vault, database: Database, tmp_path: Path) -> None:
    sealed = await vault.seal("person/zhang", PHONE)
    other_file = tmp_path / "other.key"
    other_file.write_text("00" * 32)
    other = await Vault.connect(database.dsn, other_file)
    with pytest.raises(VaultBroken):
        await other.open(sealed)
    await other.close()


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
async def test_a_key_must_be_a_key(database: Database, tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.key").write_text(text)
    with pytest.raises(VaultBroken):
        await Vault.connect(database.dsn, tmp_path / "wrong.key")
