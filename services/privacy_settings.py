"""Settings of what is known of people: its keys, what is shown of it, and how long copies last."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.api_settings import Section


class Vault(Section):
    """Where the key lies that wraps the keys of personal data."""

    key_file: Path = Path("keys/vault")
    """32 bytes in hexadecimal."""
    previous_key_file: Path | None = None
    """The key before this one, while `muster rewrap` has not been run."""
    shares_folder: Path | None = None
    """Where each key has a share outside of the database; the same for api, workers and followers.
    Once a share is destroyed, copies of the database read nothing. None: there are no shares."""
    seal_version: Literal[1, 2] = 2
    """2: a text that is disclosed can be proven to be the one that was sealed. 1: it can't; for as
    long as processes run that know no other."""


class Privacy(Section):
    """How much of what is known of people anybody is shown."""

    disclosures_per_hour: int = Field(default=30, ge=1, le=10_000)
    """How many people's data one caller is shown within an hour."""


class Backup(Section):
    """How backups are kept. Those of the log are kept until somebody removes them."""

    vault_days: int = Field(default=30, ge=1, le=365)
    """How long a backup of the keys of personal data may be kept: until then, what was erased since
    it was made can be read with it and the vault's key."""
