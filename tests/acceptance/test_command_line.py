"""`muster` as people and programs use it, against the service that told the story."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from compiler import driver
from services.demo.story import NORTH, PLAN, VENUE
from services.runtime.exit_codes import Exit
from tests.acceptance.conftest import Answer, Told, muster

RAISE = (
    *("incident", "raise-warning", "--venue", VENUE, "--plan", PLAN, "--hazard", "crowding"),
    *("--mode", "exercise", "--colour", "yellow", "--starts-at", "now", "--scope", NORTH),
    *("--matters", "Keep right", "--measures", "meter=Meter the inflow", "--issuer", "duty desk"),
)


async def parsed(told: Told, *words: str) -> Any:
    answer = await muster(told, *words, "-o", "json")
    assert answer.code == Exit.OK, answer.err
    return json.loads(answer.out)


async def reason_of(told: Told, *words: str) -> tuple[int, str]:
    answer = await muster(told, *words, "-o", "json")
    assert answer.out == ""
    return answer.code, json.loads(answer.err)["error"]["reason"]


@pytest.fixture(scope="module")
async def opened(told: Told) -> str:
    """Open an incident by the command line."""
    receipt = await parsed(told, *RAISE)
    assert receipt["kinds"][:2] == ["IncidentOpened", "WarningRaised"]
    incident: str = receipt["incident_id"]
    return incident


async def test_programs_list_incidents(told: Told) -> None:
    listed = await parsed(told, "incident", "list", "--filter", f'venue = "{VENUE}"')
    assert told.incident in {one["incident_id"] for one in listed["incidents"]}


async def test_people_list_incidents_in_their_language(told: Told) -> None:
    english, chinese = await asyncio.gather(
        muster(told, "incident", "list"), muster(told, "incident", "list", language="zh_CN.UTF-8")
    )
    assert "Phase" in english.out
    assert "closed" in english.out
    assert "阶段" in chinese.out
    assert "结案" in chinese.out


async def test_programs_get_an_incident_with_the_names_of_the_contract(told: Told) -> None:
    got = await parsed(told, "incident", "get", told.incident)
    assert got["phase"] == "PHASE_CLOSED"
    assert got["posts"]["commander"]["held_by"] == "deputy-manager-1"
    assert got["version"] == str(len(told.case.events))


async def test_people_see_who_holds_which_post(told: Told) -> None:
    answer = await muster(told, "incident", "get", told.incident)
    assert "deputy-manager-1" in answer.out
    assert "holds" in answer.out


async def test_the_workflow_says_how_it_stands(told: Told, opened: str) -> None:
    standing = await parsed(told, "incident", "standing", opened)
    assert standing["phase"] == "PHASE_WARNING"
    assert standing["next_deadline"]["kind"] == "DEADLINE_KIND_TASK_ACKNOWLEDGEMENT"
    answer = await muster(told, "incident", "standing", opened)
    assert opened in answer.out


async def test_a_command_can_be_tried_then_given_then_given_again(told: Told, opened: str) -> None:
    impose = ("incident", "impose-measure", opened, "--measure", "one-way", "--title", "One way")
    command_id = ("--command-id", str(uuid4()))
    tried = await parsed(told, *impose, "--validate-only")
    given = await parsed(told, *impose, *command_id)
    again = await parsed(told, *impose, *command_id)
    assert tried["kinds"] == given["kinds"] == again["kinds"] == ["MeasureImposed"]
    assert (given["duplicate"], again["duplicate"]) == (False, True)
    assert given["version"] == again["version"]


async def test_a_refusal_says_the_reason_what_stands_and_what_is_needed(
    told: Told, opened: str
) -> None:
    answer = await muster(told, "incident", "terminate-response", opened)
    assert answer.code == Exit.REFUSED
    assert "PHASE_NOT_REACHED" in answer.err
    assert "needed: response" in answer.err


async def test_what_is_not_there_is_not_found(told: Told, opened: str) -> None:
    nobody = str(uuid4())
    assert await reason_of(told, "incident", "get", nobody) == (
        Exit.NOT_FOUND,
        "INCIDENT_UNKNOWN",
    )
    assert await reason_of(told, "plan", "get", "no-such-plan") == (
        Exit.NOT_FOUND,
        "PLAN_UNKNOWN",
    )
    assign = ("incident", "assign-role", opened, "--post", "pilot", "--person", "order-lead")
    assert await reason_of(told, *assign) == (Exit.NOT_FOUND, "POST_UNKNOWN")
    broken = ("resource", "out-of-service", "zeppelin-1", "--cause", "no helium")
    assert await reason_of(told, *broken) == (Exit.NOT_FOUND, "UNIT_UNKNOWN")


async def test_a_stale_version_and_an_id_used_again_are_refused(told: Told, opened: str) -> None:
    lift = ("incident", "lift-measure", opened, "--measure", "meter")
    stale = await reason_of(told, *lift, "--expected-version", "1")
    assert stale == (Exit.REFUSED, "VERSION_STALE")
    used = ("--command-id", str(uuid4()))
    impose = ("incident", "impose-measure", opened, "--measure", "rope", "--title")
    assert (await muster(told, *impose, "A rope", *used)).code == Exit.OK
    reused = await reason_of(told, *impose, "A wall", *used)
    assert reused == (Exit.REFUSED, "COMMAND_ID_REUSED")


async def test_a_role_that_may_not_is_told_which_may(told: Told, opened: str) -> None:
    lift = ("incident", "lift-measure", opened, "--measure", "meter", "--as", "auditor")
    assert await reason_of(told, *lift) == (Exit.NOT_PERMITTED, "ROLE_NOT_ALLOWED")
    assert await reason_of(told, *lift[:-1], "pope") == (Exit.USAGE, "ROLE_UNKNOWN")


async def test_a_plan_comes_into_force_once(told: Told, tmp_path: Path) -> None:
    text = driver.shipped()[PLAN]
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text(text, encoding="utf-8")
    other.write_text(text.replace("quantity: 20", "quantity: 21", 1), encoding="utf-8")
    published = await parsed(told, "plan", "publish", str(same))
    assert published["receipt"]["kinds"] == []
    taken = await reason_of(told, "plan", "publish", str(other))
    assert taken == (Exit.REFUSED, "PLAN_VERSION_TAKEN")


async def test_a_plan_is_shown_listed_and_printed_as_it_was_hashed(told: Told) -> None:
    listed = await parsed(told, "plan", "list")
    assert [one["plan"]["id"] for one in listed["plans"]] == [PLAN]
    printed = await muster(told, "plan", "get", PLAN)
    assert json.loads(printed.out)["id"] == PLAN
    shown = await muster(told, "plan", "show", PLAN, language="zh")
    assert "总经理" in shown.out or "general-manager" in shown.out


async def test_units_and_contacts_are_registered_and_listed(told: Told) -> None:
    unit = ("resource", "register-unit", "guards-east", "--resource-kind", "guard-team")
    receipt = await parsed(told, *unit, "--title-en", "Guards, east side", "--x", "60")
    assert receipt["kinds"] == ["UnitRegistered"]
    contact = ("contact", "register", "guide-south", "--name", "Somebody")
    receipt = await parsed(told, *contact, "--exercise-channel", "mail=south@drill.example")
    assert receipt["kinds"] == ["ContactRegistered"]
    units = await parsed(told, "resource", "list", "--kind", "guard-team")
    assert "guards-north" in {one["unit"] for one in units["units"]}
    contacts = await muster(told, "contact", "list")
    assert "drill.example" not in contacts.out


async def test_a_case_is_replayed_as_of_a_version(told: Told) -> None:
    (offered,) = told.case.all_of("PostOfferExpired")
    replayed = await parsed(told, "replay", told.incident, "--at", str(offered.version))
    assert len(replayed["timeline"]) == offered.version
    assert replayed["state"]["phase"] == "PHASE_RESPONSE"
    answer = await muster(told, "replay", told.incident, "--at", "2")
    assert "Orange warning" in answer.out
    assert "As of version 2" in answer.out


async def test_who_replays_a_case_is_in_its_trail_with_the_reason(told: Told) -> None:
    replayed = await parsed(told, "replay", told.incident, "--reason", "district court, file 12")
    reading = {"actor": "auditor", "reason": "district court, file 12", "kind": "ACCESS_KIND_STATE"}
    assert reading in [{name: one[name] for name in reading} for one in replayed["accesses"]]
    answer = await muster(told, "accesses", told.incident)
    assert "district court, file 12" in answer.out


async def test_a_case_is_replayed_as_of_an_instant(told: Told) -> None:
    (expired,) = told.case.all_of("PostOfferExpired")
    at = expired.recorded_at.isoformat()
    replayed = await parsed(told, "replay", told.incident, "--at", at)
    assert int(replayed["state"]["version"]) >= expired.version
    holding = replayed["state"]["posts"]["commander"]
    assert holding["offered_to"] == "deputy-manager-1"
    assert holding["passed_over"] == ["general-manager"]


async def test_the_whole_log_and_one_case_verify(told: Told) -> None:
    whole, one = await asyncio.gather(parsed(told, "verify"), parsed(told, "verify", told.incident))
    assert whole["sound"]
    assert one["sound"]
    assert int(one["checked"]) == len(told.case.events)


async def test_a_report_is_written_where_it_is_asked_for(told: Told, tmp_path: Path) -> None:
    html, markdown = tmp_path / "case.html", tmp_path / "case.md"
    await parsed(told, "report", told.incident, "--to", str(html))
    written = await parsed(told, "report", told.incident, "--to", str(markdown))
    assert "<h1>" in html.read_text(encoding="utf-8")
    assert "stop-inflow" in markdown.read_text(encoding="utf-8")
    assert int(written["up_to_version"]) == len(told.case.events)
    nowhere = await reason_of(told, "report", told.incident, "--to", "/no/such/folder/case.html")
    assert nowhere == (Exit.USAGE, "FILE_UNWRITABLE")


async def test_a_watch_goes_on_where_it_was(told: Told, opened: str) -> None:
    receipt = await parsed(
        told, "incident", "impose-measure", opened, "--measure", "m1", "--title", "First"
    )
    watching = asyncio.create_task(
        first_step(told, opened, "--resume-token", receipt["resume_token"])
    )
    impose = ("incident", "impose-measure", opened, "--measure", "m2", "--title", "Second")
    given = await parsed(told, *impose)
    step = await watching
    assert step["events"]["events"][-1]["position"] == given["position"]


async def first_step(told: Told, *words: str) -> Any:
    """Return the first step with events of a watch as programs read it, then press Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli.main", "watch", *words, "-o", "json"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "MUSTER_FOLDER": str(told.performance.place.root)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while True:
            step = json.loads(await process.stdout.readline())
            kinds = {event["type"] for event in step.get("events", {}).get("events", ())}
            if "MeasureImposed" in kinds:
                break
    process.send_signal(2)
    async with asyncio.timeout(60):
        await process.communicate()
    assert process.returncode == Exit.INTERRUPTED
    return step


async def test_a_taken_port_is_named(told: Told, tmp_path: Path) -> None:
    port = str(told.performance.stack.ports.api)
    answer: Answer = await muster(
        told, "up", "--folder", str(tmp_path / "another"), "--api-port", port
    )
    assert answer.code == Exit.UNAVAILABLE
    assert port in answer.err
