"""How old a bundle is, it says itself; that there is more, a later one tells."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from eventstore.log.log import Log
from eventstore.recorder.event_ids import event_id
from tests.api.conftest import impose
from tests.bundle.conftest import exported
from tests.bundle.mutations import lines
from tests.bundle.synthetic import MINE, REFERENCE, SMALL, Draft, small
from tests.bundle.verifiers import VERIFY, first, read, second, written
from tests.bundle.zips import packed
from tests.conftest import execute

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundle.conftest import Case

pytestmark = pytest.mark.processes

OLD_EXPORT = """
    INSERT INTO muster.event (position, recorded_at, occurred_at, event_id, version,
        schema_version, stream, type, data, meta, hash)
    SELECT n.position, n.at, n.at, '{id}', 1, 1, '{stream}', 'CaseExported', '{data}', '{meta}',
        muster.event_hash(
            sha256('muster/stream/v1'::bytea || '\\x00'::bytea || n.named), n.named, 1, '{id}',
            n.at, n.at, 'CaseExported', 1::smallint, '{data}', '{meta}')
    FROM (SELECT max(position) + 1 AS position,
                 max(recorded_at) + interval '1 microsecond' AS at,
          int4send(octet_length('{stream}')) || convert_to('{stream}', 'UTF8') AS named
          FROM muster.event) n"""


def page(*arguments: object) -> str:
    """Return what a person is shown."""
    command = [sys.executable, "-I", "-S", str(VERIFY), *map(str, arguments), "--language", "en"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


async def grown(case: Case) -> int:
    """Let the case go on, and return how many versions it had before."""
    commander = await case.world.service.client("commander")
    receipt = await commander.incidents.ImposeMeasure(impose(case.incident, f"later-{uuid4()}"))
    await case.world.signed(receipt.position)
    return int(receipt.version) - 1


async def test_an_export_asked_again_says_as_of_when_it_is(case: Case, tmp_path: Path) -> None:
    world, command = case.world, uuid4()
    early = await exported(world, case.incident, tmp_path / "early", command_id=command)
    versions = await grown(case)
    stale = await exported(world, case.incident, tmp_path / "stale", command_id=command)
    before, after = (first(one).said["facts"] for one in (early, stale))
    assert after["size"] > before["size"]  # under a checkpoint of today
    assert after["whole"] == before["whole"]
    assert after["whole"]["versions"] == versions
    reference, export = lines(read(stale))[-2:]
    assert (after["whole"]["position"], after["whole"]["as_of"]) == (
        reference["position"],
        reference["recorded_at"],
    )
    assert after["exported_at"] == export["recorded_at"]
    assert before["newest"] == {"version": versions, "more": 0, "size": before["size"]}
    assert after["newest"] == {"version": versions + 1, "more": 1, "size": after["size"]}
    assert second(stale).said["facts"]["newest"] == after["newest"]
    assert "nothing later is left out, by the map that it signs" in page(early)
    said = page(stale)
    assert f"has version {versions + 1}: 1 later ones are not in this bundle" in said
    assert f"nothing left out, as of position {reference['position']}" in said
    assert "for: district court, file 12" in said
    assert "anything later" in said


async def test_a_later_bundle_tells_that_there_is_more(case: Case, tmp_path: Path) -> None:
    early = await exported(case.world, case.incident, tmp_path / "early")
    await grown(case)
    late = await exported(case.world, case.incident, tmp_path / "late")
    for told in (verifier(early, "--later", late) for verifier in (first, second)):
        (later,) = told.said["facts"]["later"]  # the measure, and the reference to the export
        assert (told.exit, later["more"]) == (0, 2)
    assert "there are 2 later versions of the case" in page(early, "--later", late)
    (earlier,) = first(late, "--later", early).said["facts"]["later"]
    assert earlier["more"] == 0


async def test_a_later_checkpoint_tells_that_the_log_has_grown(case: Case, tmp_path: Path) -> None:
    early = await exported(case.world, case.incident, tmp_path / "early")
    await grown(case)
    kept = read(early)["checkpoint"].decode()
    late = await exported(case.world, case.incident, tmp_path / "late", kept)
    proof = late / "consistency.json"
    told = first(early, "--later", late / "checkpoint")
    (later,) = told.said["facts"]["later"]
    assert (told.exit, later["more"], later["is_proven"]) == (0, None, False)
    assert later["size"] > told.said["facts"]["size"]
    said = page(early, "--later", late / "checkpoint")
    assert "is not proven (--proof); whether the case has grown" in said
    assert second(early, "--later", late / "checkpoint").said["facts"]["later"] == [later]
    grown_since = page(early, "--later", late / "checkpoint", "--proof", proof)
    assert "the log has grown to" in grown_since
    for verifier in (first, second):
        known = verifier(early, "--later", late / "checkpoint", "--proof", proof)
        assert known.said["facts"]["later"] == [{**later, "is_proven": True}]
    back = page(late, "--later", early / "checkpoint")
    assert "is not later than this bundle" in back

    await grown(case)
    latest = await exported(case.world, case.incident, tmp_path / "latest", kept)
    of_another_size = first(late, "--checkpoint", early / "checkpoint", "--proof", proof)
    assert of_another_size.exit == 0
    told = first(early, "--later", late / "checkpoint", "--proof", latest / "consistency.json")
    assert (told.exit, told.said["facts"]["later"]) == (0, [later]), (
        "it proves nothing of these two"
    )


async def test_what_is_no_later_bundle_of_the_case_tells_nothing(
    case: Case, tmp_path: Path
) -> None:
    early = await exported(case.world, case.incident, tmp_path / "early")
    foreign = written(small().files(), tmp_path / "foreign")
    broken = written({**read(early), "events.jsonl": b""}, tmp_path / "broken")
    for other in (foreign, broken, foreign / "checkpoint"):
        for told in (first(early, "--later", other), second(early, "--later", other)):
            assert (told.exit, told.fields) == (2, {"later"})


async def test_an_export_of_the_program_before_is_sent_in_its_own_format(
    case: Case, tmp_path: Path
) -> None:
    world, command = case.world, uuid4()
    log = await Log.open(world.settings.database.dsn.get_secret_value())
    spans = await spans_as_before(log, case)
    await log.close()
    data = json.dumps({"incident": case.incident, "spans": spans})
    asked = {"kind": "ExportCase", "incident": case.incident}
    meta = json.dumps({"actor": "auditor", "command_id": str(command), "command": asked})
    row = {"id": event_id(command, 0), "stream": f"export/{command}", "data": data, "meta": meta}
    await execute(
        world.database.owner_dsn,
        OLD_EXPORT.format(**row),
        "NOTIFY muster_log",
    )
    folder = await exported(world, case.incident, tmp_path / "old", command_id=command)
    assert json.loads((folder / "manifest.json").read_text())["format"] == "muster-case-bundle/1"
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, [])
        assert found.said["facts"]["whole"]["as_of"] is None
    said = page(folder)
    assert "not proven that these were all when it was exported" in said
    assert "in format 1, what is proven is that all it named is here" in said


async def spans_as_before(log: Log, case: Case) -> list[dict[str, object]]:
    """Return what was exported of a case, as the program before would."""
    manifest = json.loads(case.files["manifest.json"])
    export = f"export/{UUID(manifest['export'])}"
    pages = log.read_stream(export)
    (event,) = [one async for page in pages for one in page]
    spans: list[dict[str, object]] = json.loads(event.data)["spans"]
    return [one for one in spans if not str(one["stream"]).startswith("log/")]


@pytest.mark.parametrize("argument", ["no-such-file", "/dev/null"])
def test_what_can_t_be_read_is_said(argument: str, tmp_path: Path) -> None:
    folder = written(small().files(), tmp_path / "case")
    for told in (first(folder, "--later", argument), second(folder, "--later", argument)):
        assert (told.exit, told.fields) == (2, {"later"})


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_later_bundle_may_be_a_zip(kind: int, tmp_path: Path) -> None:
    drafts = [*SMALL.drafts, REFERENCE, Draft(MINE, "PersonRecorded")]
    folder, late = written(SMALL.files(), tmp_path / "case"), tmp_path / "late.zip"
    late.write_bytes(packed(small(drafts=drafts).files(), kind=kind))
    for told in (first(folder, "--later", late), second(folder, "--later", late)):
        assert (told.exit, told.said["facts"]["later"][0]["more"]) == (0, 2)
