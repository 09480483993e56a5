"""The whole story, on real parts: saved, lost, restored, refused, acknowledged, and on it goes."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.demo import stage
from services.local.folder import Folder
from services.runtime.exit_codes import Exit
from tests.services.running import Answer, muster

pytestmark = pytest.mark.processes

PATIENCE_S = 60.0
FREE = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")
PLAN = Path(__file__).parents[2] / "plans" / "general-venue.yaml"
ALARM = (
    *("incident", "report-alarm", "--venue", "riverside-mall", "--plan", "general-venue"),
    *("--hazard", "crowding", "--zone", "atrium", "--source", "camera 7"),
)
NAME = "Zhang Wei"


class Place:
    """A stack in a folder, and what people type."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.backups = folder.root / "backups"
        self.keysafe = folder.root / "keysafe"

    def muster(self, *words: str) -> Answer:
        return muster(*words, given={"MUSTER_FOLDER": str(self.folder.root), "MUSTER_LANG": "en"})

    def said(self, *words: str) -> Any:
        answer = self.muster(*words, "-o", "json")
        assert answer.code == Exit.OK, answer.text
        return json.loads(answer.out)

    def up(self) -> None:
        answer = self.muster("up", "-d", *FREE)
        assert answer.code == Exit.OK, answer.text

    def status(self) -> Any:
        return json.loads(self.muster("status", "-o", "json").out)["parts"]

    def record(self, incident: str, person: str) -> Any:
        return self.said(
            *("incident", "record-person", incident, "--person", person),
            *("--concern", "casualty", "--name", NAME),
        )

    def impose(self, incident: str, measure: str) -> Answer:
        words = ("incident", "impose-measure", incident, "--measure", measure, "--title", "Closed")
        return self.muster(*words, "-o", "json")

    def lives(self, incident: str) -> bool:
        answer = self.muster("incident", "standing", incident, "-o", "json")
        if answer.code != Exit.OK:
            return False
        standing = json.loads(answer.out)
        return bool(standing["version_seen"] == standing["version"])

    def signed(self, position: int) -> bool:
        """Tell whether the log is signed up to a position, or beyond: the clock acts, too."""
        found = re.match(r"position (\d+),", self.status()["checkpoint"]["what"])
        return found is not None and int(found[1]) >= position


@pytest.fixture
def place() -> Iterator[Place]:
    with stage.folder(keep=False) as found:
        place = Place(found)
        yield place
        place.muster("down")


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.2)
    return holds()


def refusing(place: Place) -> str | None:
    """Return the divergence for which nothing is recorded, as `muster status` names it."""
    line = place.status().get("log is not as signed")
    found = re.search(r"`muster acknowledge (\S+)`", line["what"]) if line else None
    return found[1] if found else None


def test_a_log_is_saved_and_lost_and_restored_and_goes_on_when_somebody_answers_for_it(
    place: Place,
) -> None:
    place.up()
    for step in ("draft", "review", "approve", "publish"):
        place.said("plan", step, str(PLAN))
    incident = place.said(*ALARM)["incident_id"]
    place.record(incident, "casualty-1")
    place.record(incident, "casualty-2")
    keys = place.muster("backup", str(place.backups / "early"), "--vault", str(place.keysafe))
    assert keys.code == Exit.OK, keys.text
    place.said(
        *("erase", "casualty-2", "--incident", incident),
        *("--basis", "consent-withdrawn", "--reason", "Asked for it"),
    )
    late = place.muster("backup", str(place.backups / "late"), "-o", "json")
    saved = json.loads(late.out)
    end = saved["position"]
    assert (saved["kind"], end >= 6, saved["unsound"]) == ("log", True, None)
    for measure in ("m1", "m2", "m3"):
        assert place.impose(incident, measure).code == Exit.OK
    assert eventually(lambda: place.signed(end + 3)), place.status()["checkpoint"]
    place.muster("down")
    shutil.rmtree(place.folder.postgres)

    back = place.muster("restore", str(place.backups / "late"), "--vault", str(place.keysafe))
    assert back.code == Exit.OK, back.text
    place.up()
    assert eventually(lambda: refusing(place) is not None), place.status()
    refused = place.impose(incident, "m4")
    reason, *warnings = refused.err.splitlines()
    assert json.loads(reason)["error"]["reason"] == "LOG_DIVERGED"
    assert [json.loads(line)["warning"]["reason"] for line in warnings] == ["LOG_SHRUNK"]
    why = ("--reason", "Restored after the disk was lost")
    answered = place.said("acknowledge", refusing(place) or "", *why)
    assert (answered["kinds"], answered["position"]) == (
        ["DivergenceAcknowledged"],
        str(end + 1),
    )
    assert eventually(lambda: place.impose(incident, "m4").code == Exit.OK)
    assert refusing(place) is None

    assert place.muster("verify").code == Exit.LOG_DIVERGES  # this user kept what was lost
    assert place.muster("checkpoint", "trust", *why).code == Exit.OK
    verified = place.said("verify")
    assert (verified["sound"], verified["done"]) == (True, True)
    assert eventually(lambda: place.signed(end + 2)), place.status()["checkpoint"]
    told = place.said("disclose", "casualty-1", "--incident", incident, "--reason", "why")
    assert told["name"] == NAME, "its key came back"
    again = place.said("disclose", "casualty-2", "--incident", incident, "--reason", "why")
    assert again["erasure"]["basis"] == "LEGAL_BASIS_CONSENT_WITHDRAWN"
    assert "name" not in again
    assert eventually(lambda: place.lives(incident)), "its workflow began anew"
    stated = place.said("incident", "get", incident)
    assert sorted(stated["measures"]) == ["m4"], "what was lost with the disk is lost"
    over = place.muster("restore", str(place.backups / "late"))
    assert over.code == Exit.USAGE, "never while a stack runs"
    place.muster("down")
    over = place.muster("restore", str(place.backups / "late"))
    assert over.code == Exit.REFUSED, "and never over a log"
