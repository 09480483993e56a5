"""`muster proof head`, `venue` and `check`: what is newest, and whether it is all, as signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from muster.v1.audit_service_pb2 import (
    GetStreamHeadRequest,
    HeadProof,
    ListVenueIncidentsRequest,
)
from rich.console import Group, RenderableType
from rich.text import Text

from domain.texts import visible
from eventstore.heads.document import DocumentInvalid, HeadDocument
from eventstore.heads.hashes import Leaf, Opened, Proof, Space
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import NoteInvalid, Verifier
from services.cli.log.proof import proofs
from services.cli.output.answers import Output, grid
from services.cli.output.failure import Failure
from services.cli.session.session import Session, action, offline
from services.runtime.exit_codes import Exit

app = proofs
"""Beside the proofs of the tree."""

CHARACTERS_MAX = 64 * 1024 * 1024

KeyOption = Annotated[
    str, typer.Option("--key", help="The log's key as you were given it: who signed is checked.")
]
SizeOption = Annotated[
    int, typer.Option(help="As of the checkpoint of this size; else the newest.")
]


@action(proofs, "head", role="auditor")
async def head(
    session: Session,
    stream: Annotated[str, typer.Argument(help="Such as `incident/<uuid>`.")],
    size: SizeOption = 0,
    key: KeyOption = "",
) -> None:
    """Prove which version of a stream is the newest as of a checkpoint. Checked here, too."""
    request = GetStreamHeadRequest(stream=stream, size=size)
    found = await session.connection.audit.GetStreamHead(request)
    document = _document(Space.STREAM, stream, found.head, [], found.checkpoint.note)
    _show(session.output, document, key)


@action(proofs, "venue", role="auditor")
async def venue(
    session: Session,
    venue: Annotated[str, typer.Argument(help="A venue's name, as incidents have it.")],
    size: SizeOption = 0,
    key: KeyOption = "",
) -> None:
    """List all incidents of a venue as of a checkpoint, proven to be all. Checked here, too."""
    request = ListVenueIncidentsRequest(venue=venue, size=size)
    steps = [step async for step in session.connection.audit.ListVenueIncidents(request)]
    opened = [
        Opened(one.position, one.stream, one.event_hash) for step in steps for one in step.incidents
    ]
    first = steps[0]
    document = _document(Space.VENUE, venue, first.head, opened, first.checkpoint.note)
    _show(session.output, document, key)


@offline(proofs, "check")
def check(
    output: Output,
    file: Annotated[Path, typer.Argument(help="As `head` and `venue` write it with `-o json`.")],
    key: KeyOption = "",
) -> None:
    """Check a proof of `head` or `venue` that was kept as a file, without the service."""
    try:
        with file.open(encoding="utf-8") as reading:
            text = reading.read(CHARACTERS_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "not UTF-8"
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", f"{file}: {said}") from None
    if len(text) > CHARACTERS_MAX:
        said = f"longer than {CHARACTERS_MAX} characters"
        raise Failure(Exit.USAGE, "FILE_INVALID", f"{file}: {said}")
    try:
        document = HeadDocument.parse(text)
    except DocumentInvalid as error:
        raise Failure(Exit.USAGE, "FILE_INVALID", f"{file}: {error}") from None
    _show(output, document, key)


def _document(
    space: Space, name: str, head: HeadProof, incidents: list[Opened], note: str
) -> HeadDocument:
    other = head.other
    leaf = Leaf(other.key, other.number, other.hash) if head.HasField("other") else None
    proof = Proof(list(head.path), leaf)
    return HeadDocument(space, name, head.number, head.hash, proof, incidents, note)


def _show(output: Output, document: HeadDocument, key: str) -> None:
    """Verify a proof, and only then show it."""
    try:
        checkpoint = document.verify(Verifier.parse(key) if key else None)
    except NoteInvalid as error:
        raise Failure(Exit.USAGE, "KEY_INVALID", f"--key: {error}") from None
    except DocumentInvalid as error:
        said = output.said("证明不成立", "the proof does not hold")
        raise Failure(
            Exit.VERIFICATION_FAILED, "PROOF_NOT_SOUND", f"{said}: {visible(str(error))}"
        ) from None
    shown = json.loads(document.text)
    output.show(shown, lambda: _table(output, document, checkpoint, signer_known=bool(key)))


def _table(
    output: Output, document: HeadDocument, checkpoint: Checkpoint, *, signer_known: bool
) -> RenderableType:
    lines: list[RenderableType] = [Text(_found(output, document), no_wrap=True, overflow="ignore")]
    if document.incidents:
        rows = [(str(one.position), one.stream, one.hash.hex()) for one in document.incidents]
        lines.append(grid(("position", "stream", "hash"), rows, output.language))
    size, origin = checkpoint.size, visible(checkpoint.origin)
    lines.append(
        Text(
            output.said(
                f"截至检查点 {origin}（前{size}个事件）；其后如何未知",
                f"as of the checkpoint of {origin} over the first {size} events; not known: later",
            )
        )
    )
    if not signer_known:
        lines.append(
            Text(
                output.said(
                    "未核对签署者：请用 --key 指定日志的公钥",
                    "who signed it was not checked: give the log's key by --key",
                )
            )
        )
    return Group(*lines)


def _found(output: Output, document: HeadDocument) -> str:
    name, number, value = visible(document.name), document.number, document.hash.hex()
    if document.space is Space.VENUE:
        return output.said(
            f"场所 {name}：共{number}起事件，无遗漏",
            f"venue {name}: {number} incidents, and these are all",
        )
    if not number:
        return output.said(f"{name}：没有此流", f"{name}: there is no such stream")
    return output.said(
        f"{name}：最新版本为{number}，哈希 {value}",
        f"{name}: version {number} is the newest, {value}",
    )
