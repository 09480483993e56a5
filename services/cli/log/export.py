"""`muster export case`: a case as a folder or one file that a court can verify without us."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from muster.v1.audit_service_pb2 import ExportCaseRequest
from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from eventstore.bundle import verify
from eventstore.bundle.verifier import VERIFIER, source, zipapp
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, NoteInvalid
from services.cli.output.answers import Output
from services.cli.output.failure import Failure
from services.cli.session.session import Session, action, offline
from services.client.client import context
from services.runtime.exit_codes import Exit

app = typer.Typer(help="Hand out what proves itself.", no_args_is_help=True)

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in a zip, so that equal bundles are equal files."""

COMMAND = f"python3 -I {VERIFIER}"
"""What verifies a bundle without us; `-I` keeps Python from reading the folder it is started in."""

INSIDE = "case"
"""The folder that a zip unpacks to."""

PART = ".part"
"""What a folder ends in until the bundle is whole."""

VerifierOption = Annotated[
    Path, typer.Option("--to", help="A file that there isn't yet; `.pyz` or `.py`.")
]
ToOption = Annotated[
    Path | None,
    typer.Option("--to", help="A folder or .zip that there isn't yet.", show_default=False),
]
KnownOption = Annotated[
    list[Path],
    typer.Option(
        "--checkpoint",
        help="A checkpoint that you kept, or a report with one: that the log begins with it is"
        " proven.",
    ),
]


@action(app, "case", role="auditor")
async def case(
    session: Session,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")],
    to: ToOption = None,
    known: KnownOption = [],  # noqa: B006 - typer's way to say none
    reason: Annotated[str, typer.Option(help="For whom, and why: it stays in the log.")] = "",
) -> None:
    """Write a case as a bundle: events, proofs, signatures, and what verifies them alone."""
    place = to or Path(f"muster-case-{incident}")
    zipped = place.suffix == ".zip"
    folder = place.with_name(place.name + PART)
    if place.exists():
        raise _refused("PLACE_TAKEN", f"{place} is there already")
    kept = [(str(file), _note(_read(file))) for file in known]
    request = ExportCaseRequest(
        context=context(reason=reason),
        incident_id=incident,
        known_sizes=[_size(file, note) for file, note in kept],
    )
    shutil.rmtree(folder, ignore_errors=True)
    try:
        missing = await _receive(session, request, folder)
        found = _verified(folder, kept)
        if zipped:
            pack(folder, place)
        else:
            folder.rename(place)
    except OSError as error:
        raise _refused("FILE_UNWRITABLE", f"{place}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say(session.output, str(place), found, missing)


def _say(output: Output, bundle: str, found: verify.Report, missing: Sequence[str] = ()) -> None:
    """Show the verdict on a bundle. Raises Failure unless it is sound."""
    sound = found.verdict == verify.SOUND
    verdict = {"verdict": verify.VERDICTS[found.verdict], "sound": sound}
    facts = {"bundle": bundle, **verdict, "missing_witnesses": list(missing), **found.facts}
    output.show(facts, lambda: _told(facts, output))
    if not sound:
        raise Failure(
            Exit.VERIFICATION_FAILED,
            "BUNDLE_NOT_SOUND",
            f"{found.divergences[0]['where']}: {found.divergences[0]['field']}",
        )


@offline(app, "verifier")
def verifier(output: Output, to: VerifierOption = Path(VERIFIER)) -> None:
    """Write the program that verifies bundles without us, the same bytes on every machine.

    Its SHA-256 is published in the reference: compare it, or take the program from elsewhere.
    """
    content = source() if to.suffix == ".py" else zipapp()
    try:
        with to.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise _refused("PLACE_TAKEN", f"{to} is there already") from None
    except OSError as error:
        raise _refused("FILE_UNWRITABLE", f"{to}: {error.strerror or error}") from None
    digest = sha256(content).hexdigest()
    output.show({"file": str(to), "sha256": digest}, lambda: Text(f"{digest}  {to}", no_wrap=True))


def pack(folder: Path, place: Path) -> None:
    """Write a bundle as one file, the same bytes whenever and wherever it is written."""
    with zipfile.ZipFile(place, "x", zipfile.ZIP_STORED) as packed:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            name = f"{INSIDE}/{file.relative_to(folder).as_posix()}"
            about = zipfile.ZipInfo(name, ZIP_TIME)
            about.external_attr = 0o644 << 16
            packed.writestr(about, file.read_bytes())


async def _receive(session: Session, request: ExportCaseRequest, folder: Path) -> list[str]:
    """Write the files as they come, with a bar for people; return which witnesses are missing."""
    output, missing = session.output, list[str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=output.console, transient=True, disable=output.as_json) as bar:
        task = bar.add_task(output.said("导出", "exporting"), total=None)
        async for step in session.connection.audit.ExportCase(request):
            file = folder / _safe(step.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as writing:
                writing.write(step.content)
            missing += step.missing_witnesses
            bar.update(task, completed=step.events, total=step.total)
    return missing


def _safe(path: str) -> str:
    """Return a path that stays in the bundle, whatever a service says."""
    if not verify.PATH.fullmatch(path):
        raise Failure(Exit.FAULT, "PATH_NOT_SAFE", f"the service names a file {path!r}")
    return path


def _verified(folder: Path, known: list[tuple[str, bytes]]) -> verify.Report:
    """Verify what was written, as whoever receives it will."""
    given = verify.Given(checkpoints=tuple(known))
    try:
        return verify.Verification(verify.Bundle(str(folder)), given).run()
    except verify.NotABundle as error:
        raise Failure(Exit.VERIFICATION_FAILED, "BUNDLE_NOT_WHOLE", str(error)) from None


def _note(content: bytes) -> bytes:
    """Return the checkpoint that a report carries; else what is there."""
    core, marked, _ = content.rpartition(verify.CORE_END)
    try:
        evidence = verify.without_evidence(core)[1] if marked else None
    except (verify.Broken, UnicodeDecodeError):
        return content
    return content if evidence is None else str(evidence["checkpoint"]).encode()


def _size(file: str, note: bytes) -> int:
    try:
        return Checkpoint.parse(Note.parse(note.decode()).text).size
    except (NoteInvalid, UnicodeDecodeError) as error:
        raise _refused("CHECKPOINT_INVALID", f"{file}: {error}") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _refused("FILE_UNREADABLE", f"{file}: {error.strerror or error}") from None


def _refused(reason: str, text: str) -> Failure:
    return Failure(Exit.USAGE, reason, text)


def _told(facts: dict[str, Any], output: Output) -> RenderableType:
    shown = {
        output.said("案卷", "bundle"): facts["bundle"],
        output.said("事件", "events"): facts.get("events", ""),
        output.said("截至", "as of"): _as_of(facts, output),
        output.said("日志", "log"): f"{facts.get('log', '')}, {facts.get('size', '')}",
        output.said("密钥", "key"): facts.get("key", ""),
        output.said(
            "核验", "verify"
        ): f"muster export verifier; {COMMAND} {facts['bundle']} --key …",
    }
    lines = [
        Text.assemble((f"{name}  ", "dim"), verify.shown(value)) for name, value in shown.items()
    ]
    if facts["missing_witnesses"]:
        names = verify.shown(", ".join(facts["missing_witnesses"]))
        text = output.said(f"以下见证未联署：{names}", f"not cosigned by the witnesses {names}")
        lines.append(Text(text, style="bold yellow"))
    said = {
        "sound": output.said("完好", "sound"),
        "false": output.said("不实", "NOT SOUND"),
        "cannot be told": output.said("无法判定", "CANNOT BE TOLD"),
    }
    style = "bold green" if facts["sound"] else "bold red"
    return Group(*lines, Text(said[facts["verdict"]], style=style))


def _as_of(facts: dict[str, Any], output: Output) -> str:
    """Say until where the case is whole, and whether the log was ever another one."""
    whole = facts.get("whole")
    if whole is None or whole["as_of"] is None:
        return ""
    until = output.said(
        "第 {position} 位（{as_of}），第 1 至 {versions} 版，无一遗漏",
        "position {position} ({as_of}), versions 1 to {versions}, nothing left out",
    ).format(**whole)
    newest = facts.get("newest") or {"more": 0}
    if newest["more"]:
        until += output.said(
            "；截至检查点另有 {more} 个更晚的版本", "; {more} later versions as of the checkpoint"
        ).format(**newest)
    differed = len(facts.get("acknowledged", []))
    note = output.said(f"；日志曾 {differed} 次不符", f"; the log differed {differed} times")
    return until + (note if differed else "")
