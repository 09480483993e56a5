"""Bearer tokens: the service keeps hashes, whoever calls keeps the token."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from domain.values import Role
from services.local.folder import SECRET, Folder

TOKEN_BYTES = 32

GIVEN_OUT = tuple(role for role in Role if role is not Role.SYSTEM)
"""Everything but what only the hands and the clock are."""


def issue(
    file: Path, actor: str, roles: Iterable[Role], venues: Iterable[str] | None = None
) -> str:
    """Make a token, add its hash to the file, and return it: it is shown once and kept nowhere."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    entries = json.loads(file.read_text(encoding="utf-8"))["tokens"] if file.exists() else []
    entries.append(
        {
            "sha256": hashlib.sha256(token.encode()).hexdigest(),
            "actor": actor,
            "roles": [role.value for role in roles],
            "venues": None if venues is None else list(venues),
        }
    )
    _write(file, json.dumps({"tokens": entries}, indent=2))
    return token


def issue_one_per_role(folder: Folder) -> None:
    """Give each role a token, the first time; its actor is named like the role."""
    for role in GIVEN_OUT:
        kept = folder.tokens / f"{role}.token"
        if not kept.exists():
            actor = role.replace("_", "-")
            _write(kept, issue(folder.tokens_file, actor, [role]))


def token_of(folder: Folder, role: str) -> str:
    """Return the token of a role in the local stack."""
    return (folder.tokens / f"{role}.token").read_text(encoding="utf-8")


def _write(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    part.replace(file)
