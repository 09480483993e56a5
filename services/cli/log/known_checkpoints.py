"""`muster checkpoint kept`, `trust` and `evidence`: what this user keeps of logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from eventstore.tlog.note import NoteInvalid
from services.cli.output.answers import Output, grid
from services.cli.output.failure import Failure
from services.cli.session.session import Session, action, offline
from services.client.checkpoints import evidence as files
from services.client.checkpoints import texts
from services.client.checkpoints.comparison import Kept
from services.client.checkpoints.evidence import EvidenceInvalid, Verdict
from services.client.checkpoints.grpc_source import ServiceSource
from services.client.checkpoints.log_contact import NotCompared
from services.client.checkpoints.log_key import KeyInvalid, key_for
from services.client.checkpoints.store import CheckpointStore, StoreUnusable
from services.runtime.clocks import clocks
from services.runtime.exit_codes import Exit

EVIDENCE_LETTERS_MAX = 4_000_000
"""More is not read: two notes have at most a million each."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    offline(app, "kept")(kept)
    action(app, "trust", role="auditor", compares=False)(trust)
    offline(app, "evidence")(evidence)


def kept(output: Output) -> None:
    """List the last checkpoint kept of each log; every later one must begin with it."""
    store = _store()
    try:
        logs, servers = store.logs(), store.servers()
        rows = [_row(one, servers) for one in logs]
    except (StoreUnusable, NoteInvalid) as error:
        raise _unusable(error) from None
    names = ("origin", "size", "root", "kept_at", "servers", "key")
    answer = {
        "folder": str(store.folder),
        "logs": [dict(zip(names, row, strict=True)) for row in rows],
    }
    output.show(answer, lambda: _listed(rows, output))


async def trust(
    session: Session,
    reason: Annotated[str, typer.Option(help="Why what was kept is given up; stays beside it.")],
) -> None:
    """Keep what the service shows now in the place of what was kept, after you found out why."""
    output, server = session.output, session.connection.server
    if not reason.strip():
        said = output.said("必须说明理由", "must say why")
        raise Failure(Exit.USAGE, "FIELD_INVALID", said, fields={"reason": said})
    store = _store()
    try:
        shown = await ServiceSource(session.connection).newest()
        if shown is None:
            said = output.said("尚无签名的检查点", "nothing was signed yet")
            raise Failure(Exit.NOT_FOUND, "NOT_SIGNED_YET", said)
        key = key_for(shown.log_key, shown.note, shown.lineage)
        now = Kept(key, shown.note, clocks.now())
        given_up = store.replace(server, now, reason)
    except (NotCompared, KeyInvalid, NoteInvalid) as error:
        raise Failure(Exit.VERIFICATION_FAILED, "LOG_NOT_COMPARED", str(error)) from None
    except StoreUnusable as error:
        raise _unusable(error) from None
    one = now.checkpoint
    answer = {"server": server, "key": key.vkey, "origin": one.origin, "size": one.size}
    said = output.said("已信任", "trusted")
    before = output.said("先前的保存在", "what was kept before is in")
    text = f"{said}: {one.origin}, {one.size}, root {one.root.hex()}\n{before} {given_up}"
    output.show({**answer, "given_up": str(given_up)}, lambda: Text(text, overflow="fold"))


def evidence(
    output: Output,
    file: Annotated[Path, typer.Argument(help="A file of evidence, as an alarm names it.")],
) -> None:
    """Check what a file of evidence proves, by its signatures and hashes alone."""
    try:
        with file.open(encoding="utf-8") as reading:
            found = files.parse(reading.read(EVIDENCE_LETTERS_MAX))
    except OSError as error:
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", f"{file}: {error.strerror}") from None
    except (EvidenceInvalid, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, "EVIDENCE_INVALID", f"{file}: {error}") from None
    verdict = files.judge(found)
    said = texts.VERDICTS[verdict].said_in(output.language)
    answer = {"verdict": str(verdict), "what": found.what, "server": found.server}
    output.show(answer, lambda: Text(said, overflow="fold"))
    if verdict is not Verdict.PROVEN:
        raise typer.Exit(Exit.VERIFICATION_FAILED)


def _listed(rows: list[tuple[str, ...]], output: Output) -> RenderableType:
    return grid(("origin", "size", "root", "kept_at", "servers", "key"), rows, output.language)


def _row(one: Kept, servers: dict[str, str]) -> tuple[str, ...]:
    said = one.checkpoint
    shown_by = ", ".join(name for name, key in servers.items() if key == one.key.vkey)
    when = one.kept_at.isoformat(" ", "seconds")
    return (said.origin, str(said.size), said.root.hex(), when, shown_by, one.key.vkey)


def _store() -> CheckpointStore:
    try:
        return CheckpointStore.of_user()
    except StoreUnusable as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> Failure:
    return Failure(Exit.USAGE, "CHECKPOINTS_UNUSABLE", str(error))
