"""The vault, opened as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.vault import Vault

if TYPE_CHECKING:
    from services.runtime.settings import settings

log = structlog.get_logger()


async def open_vault(dsn: str, chosen: settings.Vault) -> Vault:
    """Open the vault of a database. Raises VaultBroken if there is no key.

    Without its shares the process begins all the same, for most of what it does needs none of them:
    what can't be opened or sealed then says so each time.
    """
    vault = await Vault.connect(
        dsn,
        chosen.key_file,
        chosen.previous_key_file,
        shares_folder=chosen.shares_folder,
        version=chosen.seal_version,
    )
    try:
        await vault.check()
    except VaultBroken as broken:
        log.exception("what is known of people can't be opened", reason=str(broken))
    except BaseException:
        await vault.close()
        raise
    return vault
