"""The vault, opened as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.vault import Vault

if TYPE_CHECKING:
    from services import settings


async def open_vault(dsn: str, chosen: settings.Vault) -> Vault:
    """Open the vault of a database. Raises VaultBroken."""
    return await Vault.connect(
        dsn,
        chosen.key_file,
        chosen.previous_key_file,
        shares_folder=chosen.shares_folder,
        version=chosen.seal_version,
    )
