"""Plans are checked before their publication is decided, and not on the loop that serves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from compiler import publication
from compiler.check import Finding, check
from compiler.publication import judgement
from domain.plan.lifecycle.publication import PUBLICATION
from eventstore.log.log import Log
from eventstore.recorder.recorder import Recorder
from tests.domain.plan.plans import spoilt
from tests.domain.plan.publishing import bring_into_force

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from domain.plan.model.plan import Plan
    from tests.conftest import Database

UNSEEN = spoilt("/title/en", "A plan that no other test has checked")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_no_plan_is_checked_on_the_loop(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_in: list[threading.Thread] = []

    def checking(plan: Plan) -> Sequence[Finding]:
        checked_in.append(threading.current_thread())
        return check(plan)

    monkeypatch.setattr(publication, "check", checking)
    log = await Log.open(database.dsn)
    plans = Recorder(log, PUBLICATION, clock=lambda: NOON, surroundings=judgement)
    receipt = await bring_into_force(plans, UNSEEN)
    await log.close()
    assert receipt.kinds == ("PlanPublished",)
    assert checked_in
    assert threading.main_thread() not in checked_in
