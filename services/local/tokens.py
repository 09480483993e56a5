"""Bearer tokens: the service keeps hashes, whoever calls keeps the token."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from domain.values import Role
from services.local.folder import SECRET, Folder
from services.runtime import token_file
from services.runtime.token_file import Entry, RevokedCertificate, TokensInvalid

TOKEN_BYTES = 32
ID_DIGITS = 12
"""Of an entry's hash: what people call it by."""

GIVEN_OUT = tuple(role for role in Role if role is not Role.SYSTEM)
"""Everything but what only the activities and the clock are."""


class TokenUnknown(Exception):
    """No entry, or more than one, is called so."""


class Listed(NamedTuple):
    """An entry of the file, and what it is called by."""

    id: str
    entry: Entry

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether it lets anybody in."""
        return self.entry.expires_at is None or now < self.entry.expires_at


def issue(
    file: Path,
    actor: str,
    roles: Iterable[Role],
    venues: Iterable[str] | None = None,
    valid_for: timedelta | None = None,
) -> str:
    """Make a token, add its hash to the file, and return it: it is shown once and kept nowhere.

    Raises TokensInvalid, and leaves the file as it was, for what the service would not take.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with _changing(file) as held:
        entry = {
            "sha256": _hash(token),
            "actor": actor,
            "roles": [role.value for role in roles],
            "venues": None if venues is None else list(venues),
        }
        held["tokens"].append(entry | _until(valid_for))
    return token


def listed(file: Path) -> Sequence[Listed]:
    """Return every entry of the file. Raises TokensInvalid."""
    return [Listed(_id(entry), entry) for entry in token_file.read(file).tokens]


def revoke(file: Path, *, name: str | None = None, actor: str | None = None) -> Sequence[Listed]:
    """Take out the entry called so, or all of an actor; return them. Raises TokenUnknown."""
    with _changing(file) as held:
        entries = [_listed(one) for one in held["tokens"]]
        gone = [_called(entries, name)] if name else [e for e in entries if e.entry.actor == actor]
        if not gone:
            raise TokenUnknown(f"no token of {actor} is in {file}")
        held["tokens"] = [
            kept for kept, one in zip(held["tokens"], entries, strict=True) if one not in gone
        ]
    return gone


def revoke_certificate(file: Path, certificate: RevokedCertificate) -> None:
    """Let a client certificate be good for nothing any more, as often as asked."""
    with _changing(file) as held:
        revoked = held.setdefault("revoked_certificates", [])
        entry = certificate.model_dump(exclude_none=True)
        if entry not in revoked:
            revoked.append(entry)


def rotate(
    file: Path, name: str, overlap: timedelta, valid_for: timedelta | None = None
) -> tuple[Listed, str]:
    """Make another token for an entry, whose own is good for the overlap only; return both.

    Raises TokenUnknown, and TokensInvalid for an entry that has no token, or one that expires when
    it is not said how long the new one shall be good for.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with _changing(file) as held:
        old = _called([_listed(one) for one in held["tokens"]], name)
        if old.entry.sha256 is None:
            raise TokensInvalid(f"{old.id} is known by its certificate: renew that instead")
        if old.entry.expires_at is not None and valid_for is None:
            raise TokensInvalid(f"{old.id} expires: say for how long the new one is good")
        index = next(n for n, one in enumerate(held["tokens"]) if _listed(one) == old)
        before = held["tokens"][index]
        after = before | {"sha256": _hash(token)} | _until(valid_for)
        end = datetime.now(UTC) + overlap
        if old.entry.expires_at is None or end < old.entry.expires_at:
            held["tokens"][index] = before | {"expires_at": end.isoformat()}
        held["tokens"].append(after)
    return old, token


def issue_one_per_role(folder: Folder) -> None:
    """Give each role a token, the first time; its actor is named like the role."""
    for role in GIVEN_OUT:
        kept = folder.tokens / f"{role}.token"
        if not kept.exists():
            actor = role.replace("_", "-")
            _write(kept, issue(folder.tokens_file, actor, [role]))


def take_over(folder: Folder, old: Entry, token: str) -> None:
    """Keep a new token wherever the local stack keeps the old one."""
    for kept in folder.tokens.glob("*.token"):
        if _hash(kept.read_text(encoding="utf-8")) == old.sha256:
            _write(kept, token)


def token_of(folder: Folder, role: str) -> str:
    """Return the token of a role in the local stack."""
    return (folder.tokens / f"{role}.token").read_text(encoding="utf-8")


@contextmanager
def _changing(file: Path) -> Iterator[dict[str, Any]]:
    """Change what the file holds: one process at a time, all of it or nothing."""
    file = file.resolve()
    with _locked(file.with_name(f"{file.name}.lock")):
        held: dict[str, Any] = {"tokens": []}
        if file.exists():
            token_file.read(file)
            held = json.loads(file.read_text(encoding="utf-8"))
        yield held
        token_file.check(held, file)
        _write(file, json.dumps(held, indent=2, ensure_ascii=False))


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock that ends with the process at the latest."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, text: str) -> None:
    """Put a file in the place of what was there, of the same owner, durably."""
    descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            _like(file, opened.fileno())
            os.fsync(opened.fileno())
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _like(file: Path, descriptor: int) -> None:
    """Let whoever could read the file read its successor; a new one only its owner."""
    if not file.exists():
        os.fchmod(descriptor, SECRET)
        return
    was = file.stat()
    os.fchmod(descriptor, was.st_mode & 0o777)
    if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, was.st_uid, was.st_gid)


def _called(entries: Sequence[Listed], name: str) -> Listed:
    found = [one for one in entries if one.id.startswith(name)]
    if len(found) != 1:
        raise TokenUnknown(f"{len(found)} tokens are called {name}; `muster token list` has them")
    return found[0]


def _listed(entry: dict[str, Any]) -> Listed:
    read = Entry.model_validate(entry)
    return Listed(_id(read), read)


def _id(entry: Entry) -> str:
    return (entry.sha256 or _hash(f"certificate {entry.certificate}"))[:ID_DIGITS]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _until(valid_for: timedelta | None) -> dict[str, str]:
    """Return the end of an entry; nothing for none, which earlier versions can read, too."""
    if valid_for is None:
        return {}
    return {"expires_at": (datetime.now(UTC) + valid_for).isoformat()}
