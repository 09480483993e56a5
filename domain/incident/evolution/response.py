"""What the response, its command, measures and zones change."""

from __future__ import annotations

from datetime import datetime

from domain.decider import existing
from domain.incident.events import response
from domain.incident.evolution.armed_deadlines import armed, disarmed
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import (
    DeadlineKey,
    DeadlineKind,
    Holding,
    Incident,
    Measure,
    Zone,
)
from domain.values import Event, Phase


def _activated(was: Incident, fact: response.ResponseActivated) -> Incident:
    deadlines = armed(was, DeadlineKind.FIRST_NOTICE, "notice", fact.first_notice_by)
    deadlines = deadlines.discard(DeadlineKey(DeadlineKind.ALARM_VERIFICATION, "alarm"))
    for key in [key for key in deadlines if key.kind is DeadlineKind.TASK_REPEAT]:
        deadlines = deadlines.discard(key)
    return was._replace(phase=Phase.RESPONSE, level=fact.level, deadlines=deadlines)


def _level_changed(was: Incident, fact: response.ResponseLevelChanged) -> Incident:
    return was._replace(level=fact.level)


def _terminated(was: Incident, _: response.ResponseTerminated) -> Incident:
    ended = {
        DeadlineKind.FIRST_NOTICE,
        DeadlineKind.UNIT_ARRIVAL,
        DeadlineKind.POST_ACCEPTANCE,
        DeadlineKind.TASK_REPEAT,
    }
    gone = [(key.kind, key.subject) for key in was.deadlines if key.kind in ended]
    return was._replace(phase=Phase.AFTERMATH, deadlines=disarmed(was, *gone))


def _unchanged(was: Incident, _: Event) -> Incident:
    return was


def _post(was: Incident, post: str, holding: Holding, until: datetime | None = None) -> Incident:
    deadlines = disarmed(was, (DeadlineKind.POST_ACCEPTANCE, post))
    if until:
        deadlines = deadlines.insert(DeadlineKey(DeadlineKind.POST_ACCEPTANCE, post), until)
    return was._replace(posts=was.posts.insert(post, holding), deadlines=deadlines)


def _offered(was: Incident, fact: response.PostOffered) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    return _post(was, fact.post, holding._replace(offered_to=fact.person), fact.accept_by)


def _accepted(was: Incident, fact: response.PostAccepted) -> Incident:
    return _post(was, fact.post, Holding(held_by=fact.person))


def _passed_over(
    was: Incident, fact: response.PostDeclined | response.PostOfferExpired
) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    passed = (*holding.passed_over, fact.person)
    return _post(was, fact.post, holding._replace(offered_to=None, passed_over=passed))


def _vacant(was: Incident, fact: response.PostLeftVacant) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    return _post(was, fact.post, holding._replace(offered_to=None))


def _measure(was: Incident, fact: response.MeasureImposed) -> Incident:
    return was._replace(measures=was.measures.insert(fact.measure, Measure()))


def _lifted(was: Incident, fact: response.MeasureLifted) -> Incident:
    lifted = existing(was.measures, fact.measure)._replace(lifted=True)
    return was._replace(measures=was.measures.insert(fact.measure, lifted))


def _handed_over(was: Incident, fact: response.MeasureHandedOver) -> Incident:
    owned = existing(was.measures, fact.measure)._replace(owner=fact.owner)
    return was._replace(measures=was.measures.insert(fact.measure, owned))


def _evacuating(was: Incident, fact: response.EvacuationOrdered) -> Incident:
    return was._replace(zones=was.zones.insert(fact.zone, Zone()))


def _cleared(was: Incident, fact: response.ZoneCleared) -> Incident:
    zone = existing(was.zones, fact.zone)._replace(cleared=True)
    return was._replace(zones=was.zones.insert(fact.zone, zone))


def _unaccounted(was: Incident, fact: response.UnaccountedReported) -> Incident:
    zone = (was.zones.get(fact.zone) or Zone())._replace(unaccounted=fact.persons)
    return was._replace(zones=was.zones.insert(fact.zone, zone))


def _assistance(was: Incident, fact: response.AssistanceRegistered) -> Incident:
    return was._replace(assistance=was.assistance.insert(fact.assistance, fact.zone))


def _assisted(was: Incident, fact: response.AssistanceGiven) -> Incident:
    return was._replace(
        assistance=was.assistance.discard(fact.assistance),
        assisted=was.assisted.insert(fact.assistance),
    )


CHANGES: Changes = {
    response.ResponseActivated: _activated,
    response.ResponseLevelChanged: _level_changed,
    response.ResponseTerminated: _terminated,
    response.GateOverruled: _unchanged,
    response.PostOffered: _offered,
    response.PostAccepted: _accepted,
    response.PostDeclined: _passed_over,
    response.PostOfferExpired: _passed_over,
    response.PostLeftVacant: _vacant,
    response.CommandTransferred: _unchanged,
    response.MeasureImposed: _measure,
    response.MeasureLifted: _lifted,
    response.MeasureHandedOver: _handed_over,
    response.EvacuationOrdered: _evacuating,
    response.ZoneCleared: _cleared,
    response.UnaccountedReported: _unaccounted,
    response.AssistanceRegistered: _assistance,
    response.AssistanceGiven: _assisted,
}
