"""`muster checkpoint`, `proof` and `acknowledge`: what was signed, and what follows from it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated

import typer
from muster.v1.audit_service_pb2 import (
    AcknowledgeDivergenceRequest,
    Checkpoint,
    Divergence,
    GetConsistencyProofRequest,
    GetInclusionProofRequest,
    GetInclusionProofResponse,
    ListCheckpointsRequest,
    ListCheckpointsResponse,
)
from rich.console import Group, RenderableType
from rich.text import Text

from eventstore.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from services.cli.output.answers import Output, grid
from services.cli.output.failure import Failure
from services.cli.session.contract_commands import new_context
from services.cli.session.session import Session, action
from services.runtime.exit_codes import Exit

MAGIC = "c2sp.org/tlog-proof@v1"
ROOT_LETTERS = 16
PAGE_MAX = 500

checkpoints = typer.Typer(no_args_is_help=True, help="What the notary signed.")
proofs = typer.Typer(no_args_is_help=True, help="Proofs of what was signed.")


@action(checkpoints, "list", role="auditor")
async def list_checkpoints(
    session: Session,
    limit: Annotated[int, typer.Option(help="How many, newest first; at most 500.")] = 20,
) -> None:
    """List what was signed, newest first; and why nothing is recorded, if so."""
    request = ListCheckpointsRequest(page_size=max(1, min(limit, PAGE_MAX)))
    answer = await session.connection.audit.ListCheckpoints(request)
    session.output.show(answer, lambda: _listed(answer, session.output))


@action(checkpoints, "show", role="auditor")
async def show_checkpoint(session: Session) -> None:
    """Print the newest checkpoint as it was signed, for any tool of transparency logs."""
    answer = await session.connection.audit.ListCheckpoints(ListCheckpointsRequest(page_size=1))
    if not answer.checkpoints:
        raise _nothing_signed(session.output)
    newest = answer.checkpoints[0]
    session.output.verbatim(newest, newest.note.rstrip("\n"))


@action(checkpoints, "key", role="auditor")
async def show_key(session: Session) -> None:
    """Print the key that checks the log's signatures. Compare it with the one you were given."""
    answer = await session.connection.audit.ListCheckpoints(ListCheckpointsRequest(page_size=1))
    session.output.verbatim({"log_key": answer.log_key}, answer.log_key)


@action(proofs, "inclusion", role="auditor")
async def inclusion(
    session: Session,
    event: Annotated[str, typer.Argument(help="A position in the log, or an event's UUID.")],
    size: Annotated[int, typer.Option(help="In the tree of this size; else the newest.")] = 0,
) -> None:
    """Prove that an event is in the log that was signed: c2sp.org/tlog-proof. Checked here, too."""
    request = GetInclusionProofRequest(size=size)
    if event.isascii() and event.isdecimal():
        request.position = int(event)
    else:
        request.event_id = event
    found = await session.connection.audit.GetInclusionProof(request)
    leaf = leaf_hash(found.event_hash)
    holds = verify_inclusion(leaf, found.position - 1, found.size, found.proof, found.root)
    _refuse_unless(holds, session.output)
    session.output.verbatim(found, _tlog_proof(found))


@action(proofs, "consistency", role="auditor")
async def consistency(
    session: Session,
    first: Annotated[int, typer.Argument(help="The earlier size.")],
    second: Annotated[int, typer.Argument(help="The later size; the newest if left out.")] = 0,
) -> None:
    """Prove that the log that was signed begins with an earlier one. Checked here, too."""
    request = GetConsistencyProofRequest(first=first, second=second)
    found = await session.connection.audit.GetConsistencyProof(request)
    roots = (found.first, found.first_root, found.second, found.second_root)
    _refuse_unless(verify_consistency(*roots, found.proof), session.output)
    lines = [f"{found.first} {_base64(found.first_root)}"]
    lines += [f"{found.second} {_base64(found.second_root)}", "", *map(_base64, found.proof)]
    session.output.verbatim(found, "\n".join(lines))


async def acknowledge(
    session: Session,
    divergence: Annotated[str, typer.Argument(help="As `muster status` names it.")],
    reason: Annotated[str, typer.Option(help="Why the log may go on; is recorded.")],
) -> None:
    """Let the log be written again, knowing that it is not what was signed."""
    request = AcknowledgeDivergenceRequest(context=new_context(reason), divergence=divergence)
    receipt = await session.connection.audit.AcknowledgeDivergence(request)
    said = session.output.said("已确认，记录位置", "acknowledged at position")
    session.output.show(receipt, lambda: Text(f"{said} {receipt.position}"))


def _listed(answer: ListCheckpointsResponse, output: Output) -> RenderableType:
    columns = ("size", "root", "signed_at", "origin", "witnesses", "timestamped")
    rows = [_row(one) for one in answer.checkpoints]
    shown: list[RenderableType] = [grid(columns, rows, output.language)]
    if answer.HasField("divergence"):
        shown.append(_diverged(answer.divergence, output))
    shown += [Text(f"{one.kind}: {one.says}", style="bold yellow") for one in answer.alarms]
    return Group(*shown)


def _row(one: Checkpoint) -> Sequence[str]:
    signed_at = one.signed_at.ToDatetime().isoformat(" ", "seconds")
    stamped = "RFC 3161" if one.timestamp_token else ""
    root = one.root.hex()[:ROOT_LETTERS]
    return (str(one.size), root, signed_at, one.origin, ", ".join(one.witnesses), stamped)


def _diverged(found: Divergence, output: Output) -> Text:
    flaw = found.flaw
    what = f"{found.divergence}  {flaw.stream} v{flaw.version} @{flaw.position}: {flaw.what}"
    said = output.said("日志不符，停止记录：", "the log diverged, nothing is recorded: ")
    return Text(f"{said}{what}", style="bold red")


def _tlog_proof(found: GetInclusionProofResponse) -> str:
    """Return a proof in the form that tools of transparency logs check."""
    lines = [MAGIC, f"index {found.position - 1}", *map(_base64, found.proof), ""]
    return "\n".join(lines) + f"\n{found.checkpoint.note.rstrip()}"


def _refuse_unless(holds: object, output: Output) -> None:
    if not holds:
        said = output.said("证明不成立", "the proof does not hold")
        raise Failure(Exit.VERIFICATION_FAILED, "PROOF_NOT_SOUND", said)


def _nothing_signed(output: Output) -> Failure:
    said = output.said("尚无签名的检查点", "nothing was signed yet")
    return Failure(Exit.NOT_FOUND, "NOT_SIGNED_YET", said)


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
