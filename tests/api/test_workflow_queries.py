"""What is shown of an activity that Temporal knows of."""

from __future__ import annotations

import json

from temporalio.api.workflow.v1 import PendingActivityInfo

from services.api.queries.workflow_queries import _activity

NOTHING = {"under_way": 2, "waiting": 7, "put_back": 0}


def pending(details: object = None, failure: str = "") -> PendingActivityInfo:
    made = PendingActivityInfo()
    made.activity_type.name = "work"
    made.last_failure.message = failure
    if details is not None:
        made.heartbeat_details.payloads.add(data=json.dumps(details).encode())
    return made


def test_work_that_was_put_back_is_shown_by_its_kind() -> None:
    details = {"notify": NOTHING | {"put_back": 3}, "dispatch": NOTHING}
    assert _activity(pending(details)).last_failure == "put back: notify 3"


def test_work_that_goes_well_shows_no_failure() -> None:
    assert _activity(pending({"notify": NOTHING})).last_failure == ""
    assert _activity(pending({})).last_failure == ""
    assert _activity(pending()).last_failure == ""


def test_what_failed_as_a_whole_is_shown_first() -> None:
    details = {"notify": NOTHING | {"put_back": 3}}
    assert _activity(pending(details, "worker lost")).last_failure == "worker lost"
