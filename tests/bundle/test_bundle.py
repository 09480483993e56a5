"""A bundle of a real case is sound to both verifiers, and holds what it should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2, common_pb2

from eventstore.bundle import verify
from eventstore.tlog.note import Signer
from services.cli.log.export import pack
from services.client.client import context
from tests.api.conftest import opened
from tests.api.errors import refused
from tests.bundle.conftest import LOG, WITNESS, exported
from tests.bundle.mutations import lines
from tests.bundle.verifiers import VERIFY, first, read, second, written

if TYPE_CHECKING:
    from tests.bundle.conftest import Case, World
    from tests.bundle.verifiers import Files, Found

pytestmark = pytest.mark.processes

FOREIGN = Signer(LOG.name, bytes(range(9, 41)))
OLDEST = (3, 9)
NAMES = ("李雷", "broken arm")


def pythons() -> list[str]:
    """Return the interpreters that there are, from the oldest that will do on."""
    wanted = [f"python3.{minor}" for minor in range(OLDEST[1], 16)]
    kept = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    known = [shutil.which(name) for name in wanted] + [str(one) for one in kept]
    return [one for one in known if one and _runs(one)]


def _runs(python: str) -> bool:
    asked = [python, "-c", "import sys; print(sys.version_info[:2])"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.returncode == 0 and tuple(json.loads(_list(done.stdout))) >= OLDEST


def _list(shown: str) -> str:
    return shown.replace("(", "[").replace(")", "]")


def test_both_verifiers_find_it_sound(files: Files, tmp_path: Path) -> None:
    folder = written(files, tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, [])


def test_both_find_that_it_ends_with_the_newest_version(files: Files, tmp_path: Path) -> None:
    folder = written(files, tmp_path / "case")
    size = json.loads(files["manifest.json"])["checkpoint"]
    last = sum(event["stream"].startswith("incident/") for event in lines(files))
    for found in (first(folder), second(folder)):
        newest = found.said["facts"]["newest"]
        assert newest == {"version": last, "more": 0, "size": size}


def test_every_python_from_3_9_on_finds_it_sound(files: Files, tmp_path: Path) -> None:
    folder = written(files, tmp_path / "case")
    assert {first(folder, python=python).exit for python in pythons()} == {0}


def test_it_holds_the_incident_whole_and_of_others_only_what_is_its_own(case: Case) -> None:
    found: dict[str, list[int]] = {}
    for event in lines(case.files):
        found.setdefault(event["stream"], []).append(event["version"])
    mine = found.pop(f"incident/{case.incident}")
    assert mine == list(range(1, len(mine) + 1))
    export = found.popitem()
    assert export == (f"export/{json.loads(case.files['manifest.json'])['export']}", [1])
    assert found == {"plan/general-venue": [1, 2, 3, 4], "unit/a1": [1, 4, 5]}


def test_the_texts_are_those_of_the_log(case: Case) -> None:
    positions = [event["position"] for event in lines(case.files)]
    assert positions == sorted(positions)
    named = {event["type"] for event in lines(case.files)}
    assert {"IncidentOpened", "UnitReserved", "PlanPublished", "PersonalDataErased"} <= named


def test_no_personal_text_is_in_it_and_what_was_erased_is_counted(
    case: Case, tmp_path: Path
) -> None:
    assert not [
        path for path, content in case.files.items() for name in NAMES if name.encode() in content
    ]
    facts = first(written(case.files, tmp_path / "case")).said["facts"]
    assert (facts["sealed_texts"], facts["erasure_ordered"]) == (4, 2)


def test_what_an_auditor_knows_is_compared(case: Case, tmp_path: Path) -> None:
    folder = written(case.files, tmp_path / "case")
    kept = tmp_path / "kept"
    kept.write_text(case.kept)
    key, witness = LOG.verifier.vkey, WITNESS.cosigner.vkey
    assert first(folder, "--key", key, "--witness", witness, "--checkpoint", kept).exit == 0
    assert first(folder, "--key", FOREIGN.verifier.vkey).fields == {"key", "signature"}
    assert first(folder, "--witness", FOREIGN.cosigner.vkey).fields == {"cosignature"}


def test_a_key_may_be_in_a_file(case: Case, tmp_path: Path) -> None:
    folder = written(case.files, tmp_path / "case")
    file = tmp_path / "log.vkey"
    file.write_text(f"{LOG.verifier.vkey}\n")
    assert first(folder, "--key", file).exit == 0
    assert second(folder, "--key", LOG.verifier.vkey).exit == 0
    assert second(folder, "--key", FOREIGN.verifier.vkey).exit == 1


def test_a_checkpoint_of_ones_own_needs_its_proof(case: Case, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(case.kept)
    without = case.files | {"consistency.json": _without_size(case.files, _size(case.kept))}
    folder = written(without, tmp_path / "case")
    told = first(folder, "--checkpoint", kept)
    assert str(kept) in _unproven(told)
    proof = tmp_path / "proof.json"
    proof.write_bytes(case.files["consistency.json"])
    again = first(folder, "--checkpoint", kept, "--proof", proof)
    assert str(kept) not in _unproven(again)


def _unproven(found: Found) -> set[str]:
    return {str(one["file"]) for one in found.divergences if one["field"] == "proof"}


def _size(note: str) -> int:
    return int(note.splitlines()[1])


def _without_size(files: Files, size: int) -> bytes:
    said = json.loads(files["consistency.json"])
    said["proofs"] = [one for one in said["proofs"] if one["from"] != size]
    return json.dumps(said).encode()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format":"other/1"}', b"\xff", b"["])
def test_what_is_not_a_bundle_is_said_to_be_none(
    files: Files, content: bytes, tmp_path: Path
) -> None:
    folder = written(files | {"manifest.json": content}, tmp_path / "case")
    assert (first(folder).exit, second(folder).exit) == (2, 2)


def test_an_empty_folder_and_a_file_are_none(tmp_path: Path) -> None:
    assert first(tmp_path).exit == 2
    (tmp_path / "file").write_bytes(b"PK")
    assert first(tmp_path / "file").exit == 2
    assert first(tmp_path / "nothing").exit == 2


def test_one_file_is_as_good_and_always_the_same_bytes(files: Files, tmp_path: Path) -> None:
    places = [tmp_path / name / "case.zip" for name in ("one", "two")]
    for place, content in zip(places, (files, dict(reversed(files.items()))), strict=True):
        pack(written(content, place.parent / "case"), place)
    assert first(places[0]).exit == 0
    assert places[0].read_bytes() == places[1].read_bytes()


def test_a_zip_that_is_cut_off_or_names_a_file_twice_is_none(files: Files, tmp_path: Path) -> None:
    whole = tmp_path / "case.zip"
    pack(written(files, tmp_path / "case"), whole)
    (tmp_path / "cut.zip").write_bytes(whole.read_bytes()[:-100])
    assert first(tmp_path / "cut.zip").exit == 2
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(whole, "a") as packed:
        packed.writestr("case/manifest.json", b"{}")
    assert first(whole).exit == 2


def test_it_says_to_people_where_it_diverges(files: Files, tmp_path: Path) -> None:
    broken = files["events.jsonl"].replace(b"camera 7", b"camera 8", 1)
    folder = written(files | {"events.jsonl": broken}, tmp_path / "case")
    command = [sys.executable, "-I", "-S", str(VERIFY), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(
        r"DIVERGES at events.jsonl:\d+: position \d+, incident/[0-9a-f-]+ version \d+, field meta",
        done.stdout,
    )
    sentence = verify.SENTENCES[verify.FALSE][1]
    assert done.stdout.splitlines()[0] == done.stdout.splitlines()[-1] == sentence


async def test_the_same_export_asked_again_is_the_same_event(case: Case, tmp_path: Path) -> None:
    world = case.world
    auditor = await world.service.client("auditor")
    ask = audit_service_pb2.ExportCaseRequest(context=context(), incident_id=case.incident)
    seen = []
    for name in ("one", "two"):
        folder = tmp_path / name
        async for step in auditor.audit.ExportCase(ask):
            file = folder / step.path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as writing:
                writing.write(step.content)
        seen.append(read(folder)["events.jsonl"])
        assert first(folder).exit == 0
    assert seen[0] == seen[1]


async def test_an_export_is_recorded_with_who_and_why(case: Case) -> None:
    meta = json.loads(lines(case.files)[-1]["meta"])
    assert (meta["actor"], meta["reason"]) == ("auditor", "district court, file 12")
    assert meta["command"] == {"kind": "ExportCase", "incident": case.incident}


async def test_a_case_that_goes_on_is_exported_as_it_stands(world: World, tmp_path: Path) -> None:
    incident = (await opened(world.service)).incident_id
    early = await exported(world, incident, tmp_path / "early")
    assert first(early).exit == 0


async def test_who_may_not_export_is_told(world: World, case: Case) -> None:
    request = audit_service_pb2.ExportCaseRequest(context=context(), incident_id=case.incident)
    for token, reason in (("commander", "ROLE_NOT_ALLOWED"), ("elsewhere", "VENUE_NOT_PERMITTED")):
        client = await world.service.client(token)
        async with refused() as told:
            async for _ in client.audit.ExportCase(request):
                pass
        assert told.reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"incident_id": "00000000-0000-0000-0000-000000000000"}, "INCIDENT_UNKNOWN"),
        ({"incident_id": "case 7"}, "FIELD_INVALID"),
        ({"incident_id": ""}, "FIELD_INVALID"),
        ({"known_sizes": [10**12]}, "FIELD_INVALID"),
        ({"known_sizes": [0]}, "FIELD_INVALID"),
        ({"known_sizes": range(1, 102)}, "FIELD_INVALID"),
        ({"context": common_pb2.CommandContext()}, "COMMAND_ID_REQUIRED"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    world: World, case: Case, changes: dict[str, object], reason: str
) -> None:
    auditor = await world.service.client("auditor")
    fields = {"context": context(), "incident_id": case.incident} | changes
    request = audit_service_pb2.ExportCaseRequest(**fields)  # type: ignore[arg-type] # of its fields
    async with refused() as told:
        async for _ in auditor.audit.ExportCase(request):
            pass
    assert told.reason == reason
