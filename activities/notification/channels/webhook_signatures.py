"""Signatures of webhooks, as Standard Webhooks 1.0 has them: a secret for each receiver.

A receiver's secrets are those in its own file, one a line as `whsec_<base64>`, the newest first;
else one that is derived for it from each line of the key file. Each signs, so that a receiver can
change to the next while messages under the one before still come.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

SECRETS_MAX: Final = 4
"""Secrets of one receiver that sign at once."""

SECRET_BYTES: Final = range(24, 65)
"""How long a secret may be (Standard Webhooks, "Signature scheme")."""

NEW_SECRET_BYTES: Final = 32
KEY_LENGTH_MIN: Final = 32
"""Characters in a line of the key file."""

PREFIX: Final = "whsec_"
DERIVED: Final = b"muster/webhook/v1/"
"""Names what is derived from the key; never changes."""

RECEIVER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""A contact's id, which is also the name of its file."""


class SecretsUnusable(Exception):
    """A file of secrets is not as it must be; the text says which, and what would be right."""


class _Stamp(NamedTuple):
    """Which writing of a file this is."""

    inode: int
    modified_ns: int
    changed_ns: int
    size: int


class Secrets:
    """Every receiver's secrets, as the files are at each message: a rotation needs no new start."""

    def __init__(self, key_file: Path | None, folder: Path | None) -> None:
        self._key_file = key_file
        self._folder = folder
        self._read_keys: tuple[str, ...] = ()
        self._read_at: _Stamp | None = None

    def check(self) -> None:
        """See that every file is as it must be. Raises SecretsUnusable."""
        self._keys()
        for file in self._files():
            _read(file)

    def of(self, receiver: str) -> tuple[bytes, ...]:
        """Return a receiver's secrets, the newest first; none without a file. Raises as above."""
        own = self.file_of(receiver)
        if own is not None and _stamp(own) is not None:
            return _read(own)
        about = DERIVED + receiver.encode()
        return tuple(hmac.digest(key.encode(), about, "sha256") for key in self._keys())

    def rotate(self, receiver: str) -> str:
        """Give a receiver a new secret, which signs beside those before it; return it."""
        added = secrets.token_bytes(NEW_SECRET_BYTES)
        self._keep(receiver, (added, *self.of(receiver))[:SECRETS_MAX])
        return written(added)

    def retire(self, receiver: str) -> int:
        """Let only a receiver's newest secret sign; return how many others did."""
        newest, *others = self.of(receiver) or (None,)
        if newest is None:
            raise SecretsUnusable(f"{receiver} has no secret")
        self._keep(receiver, (newest,))
        return len(others)

    def file_of(self, receiver: str) -> Path | None:
        """Return where a receiver's own secrets are, or would be. Raises SecretsUnusable."""
        if not RECEIVER.fullmatch(receiver):
            raise SecretsUnusable(f"{receiver!r} is no id of a contact")
        return None if self._folder is None else self._folder / receiver

    def _files(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return [file for file in self._folder.iterdir() if RECEIVER.fullmatch(file.name)]

    def _keys(self) -> tuple[str, ...]:
        stamp = _stamp(self._key_file)
        if self._key_file is None or stamp is None:
            return ()
        if stamp != self._read_at:
            self._read_keys, self._read_at = _keys_in(self._key_file), stamp
        return self._read_keys

    def _keep(self, receiver: str, kept: tuple[bytes, ...]) -> None:
        file = self.file_of(receiver)
        if file is None:
            raise SecretsUnusable("webhook.secrets_folder is not set: secrets have nowhere to be")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text("".join(f"{written(one)}\n" for one in kept), encoding="ascii")
        part.replace(file)


def written(secret: bytes) -> str:
    """Return a secret as receivers are given it."""
    return PREFIX + b64encode(secret).decode()


def signatures(keys: tuple[bytes, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature by each secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{b64encode(one).decode()}" for one in digests)


def _stamp(file: Path | None) -> _Stamp | None:
    """Return what differs once a file has been written anew; None without a file."""
    try:
        found = None if file is None else os.stat(file)  # noqa: PTH116 - half the time, each message
    except OSError:
        return None
    return found and _Stamp(found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def _keys_in(file: Path) -> tuple[str, ...]:
    keys = _lines(file)
    if not keys or any(len(key) < KEY_LENGTH_MIN for key in keys):
        raise SecretsUnusable(
            f"{file}: each line must be a key of {KEY_LENGTH_MIN} characters or more "
            "(`openssl rand -hex 32`)"
        )
    return tuple(keys[:SECRETS_MAX])


def _read(file: Path) -> tuple[bytes, ...]:
    try:
        found = tuple(b64decode(_bare(line), validate=True) for line in _lines(file))
    except (NotBase64, ValueError):
        found = ()
    if not found or len(found) > SECRETS_MAX or any(len(one) not in SECRET_BYTES for one in found):
        raise SecretsUnusable(
            f"{file}: must hold 1 to {SECRETS_MAX} secrets, the newest first, a line each, as "
            f"{PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes"
        )
    return found


def _bare(line: str) -> str:
    if not line.startswith(PREFIX):
        raise ValueError(PREFIX)
    return line.removeprefix(PREFIX)


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsUnusable(f"{file} can't be read: {type(error).__name__}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
