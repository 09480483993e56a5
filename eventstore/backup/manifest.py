"""What a backup says of itself, and where it lies.

    <folder>/<moment>/log.dump         the log, by pg_dump
    <folder>/<moment>/manifest.json    where it ends, with which hash and root, and what was signed

    <vault folder>/<moment>/vault.dump       wrapped keys; without the key that wraps them, nothing
    <vault folder>/<moment>/shares           the shares that they take besides, where there are any
    <vault folder>/<moment>/manifest.json    until when all of this may be kept

A folder has its name once what it holds was read again and verified; before, it ends in `.part`.
"""

from __future__ import annotations

import hashlib
import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

LOG_FILE = "log.dump"
VAULT_FILE = "vault.dump"
SHARES = "shares"
MANIFEST = "manifest.json"
PART = ".part"
PRIVATE = 0o700
MOMENT = "%Y-%m-%dT%H-%M-%S.%fZ"
CHUNK_BYTES = 1 << 20

M = TypeVar("M", bound=BaseModel)

ShareFile = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}\.shares$")]
"""A name, never a path that leads elsewhere."""


class BackupInvalid(Exception):
    """What is in the folder is no backup, or not what it was when it was made."""


class LogManifest(BaseModel):
    """What a backup of the log holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["muster/backup/log/v1"] = "muster/backup/log/v1"
    made_at: AwareDatetime
    log: str
    """The hash of its first event; empty for an empty log."""
    position: int
    hash: str
    """Of the last event."""
    root: str
    """Of the tree over all events."""
    checkpoint: str | None
    """The newest one, as it was signed."""
    unsound: str | None
    """Where the log was not what it should be, already when it was saved."""
    bytes: int
    sha256: str


class VaultManifest(BaseModel):
    """What a backup of the keys holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["muster/backup/vault/v1", "muster/backup/vault/v2"] = "muster/backup/vault/v2"
    """Version 2 may have shares: a program that knows of none must not restore keys alone."""
    made_at: AwareDatetime
    expires_at: AwareDatetime
    """From then on it is not restored, and the next backup removes it."""
    keys: int
    obeyed: int
    """Up to this position, the log's orders to erase were carried out."""
    wrapped_by: str
    """Tells whether a key is the one that wraps these; says nothing of it."""
    bytes: int
    sha256: str
    shares: dict[ShareFile, str] = {}
    """The SHA-256 of each file of shares, by its name."""


def newest(folder: Path) -> Path:
    """Return a backup: the folder itself, or the newest one in it. Raises BackupInvalid."""
    if (folder / MANIFEST).exists():
        return folder
    found = sorted(one.parent for one in folder.glob(f"*/{MANIFEST}") if one.parent.suffix != PART)
    if not found:
        raise BackupInvalid(f"{folder} holds no backup")
    return found[-1]


def read_manifest(place: Path, shape: type[M]) -> M:
    """Read what a backup is. Raises BackupInvalid."""
    try:
        return shape.model_validate_json((place / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise BackupInvalid(f"{place / MANIFEST} can't be read: {error}") from None


def forget_expired(folder: Path, now: datetime, keep: timedelta) -> list[Path]:
    """Remove the backups of keys that may not be kept any longer; return which.

    One that was cut off has no manifest: it goes once it is as old as `keep`.
    """
    gone = [
        file.parent
        for file in sorted(folder.glob(f"*{PART}/{VAULT_FILE}"))
        if (begun_at := _begun_at(file.parent)) is not None and begun_at + keep <= now
    ]
    for part in gone:
        shutil.rmtree(part)
    for file in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            manifest = read_manifest(file.parent, VaultManifest)
        except BackupInvalid:
            continue
        if manifest.expires_at <= now:
            shutil.rmtree(file.parent)
            gone.append(file.parent)
    return gone


def _begun_at(part: Path) -> datetime | None:
    try:
        moment = part.name.removesuffix(PART)
        return datetime.strptime(moment, MOMENT.replace("Z", "%z"))  # noqa: DTZ007 - it has a zone
    except ValueError:
        return None


def begun(folder: Path, now: datetime) -> Path:
    """Make the folder of a backup that is not finished."""
    part = folder / f"{now.strftime(MOMENT)}{PART}"
    part.mkdir(parents=True, mode=PRIVATE)
    return part


def finished(part: Path, manifest: BaseModel) -> Path:
    """Give a backup its manifest and its name."""
    (part / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    place = part.with_name(part.name.removesuffix(PART))
    return part.rename(place)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    hashing = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            hashing.update(chunk)
    return hashing.hexdigest()


def intact(file: Path, size: int, sha256: str) -> Path:
    """Return a file that is what it was. Raises BackupInvalid."""
    if not file.exists() or file.stat().st_size != size:
        raise BackupInvalid(f"{file} is not there, or is of another size than when it was made")
    if digest(file) != sha256:
        raise BackupInvalid(f"{file} is not what it was when it was made")
    return file
