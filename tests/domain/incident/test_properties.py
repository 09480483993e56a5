"""What holds for every command, in every order."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from uuid import uuid4

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.decider import CommandEnvelope, Refused, decode, encode, start_fold
from domain.incident.activation import ActivateResponse, ChangeResponseLevel
from domain.incident.aftermath import (
    AddFinding,
    CompleteEvaluation,
    ProposeCorrectiveAction,
    RecordDamage,
)
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.command import AcceptRole, AssignRole, DeclineRole, TransferCommand
from domain.incident.corrections import CorrectDamage, CorrectReport
from domain.incident.decider import COMMANDS, INCIDENTS
from domain.incident.evacuation import (
    ConfirmAssistanceGiven,
    DeclareZoneCleared,
    OrderEvacuation,
    RegisterAssistance,
    ReportUnaccounted,
)
from domain.incident.events import FACTS
from domain.incident.events.duties import NotificationOrdered
from domain.incident.events.people import PersonConcern
from domain.incident.evolution.bulk_fold import THAW_AFTER_FACTS
from domain.incident.evolution.evolve import CHANGES
from domain.incident.information import ApproveNotice, DraftNotice, PublishNotice, RejectNotice
from domain.incident.measures import HandOverMeasure, ImposeMeasure, LiftMeasure
from domain.incident.notification import ConfirmDelivery, ReportDeliveryFailure
from domain.incident.obligations.deadlines import due
from domain.incident.obligations.obligations import WorkKind, obligations
from domain.incident.people import RecordPerson
from domain.incident.reporting import SubmitSituationReport
from domain.incident.resources import (
    CancelResourceRequest,
    ConfirmUnitReturned,
    DeclareResourceUnavailable,
    DispatchUnit,
    ReleaseUnit,
    ReportUnitArrived,
    RequestResource,
)
from domain.incident.state.incident import Incident, TaskStatus
from domain.incident.tasks import (
    AcknowledgeTask,
    AssignTask,
    DeclareTaskImpossible,
    FinishTask,
    StartTask,
)
from domain.incident.warning import AdjustWarning, CancelWarning, VerifyAlarm
from domain.plan.model.plan import ChannelKind, PinnedPlan
from domain.privacy import ErasePersonalData, LegalBasis, LiftLegalHold, PlaceLegalHold
from domain.values import Command, Event, ResponseLevel, Text, WarningColour
from tests.domain.incident.fuller import FULLER
from tests.domain.incident.world import ALARM, BOSS, CLOCK, MINUTE, PINNED, WARN
from tests.domain.spec import NOON

SPEAKS_FOR = ("boss", "vice", "lead", "press")
TASKS = ("prepare", "guide", "close", "settle", "extra", "sweep", "patrol", "seal")
SEALED = tuple(f"sealed:v1:key-{number}:" + "A" * 40 for number in (1, 2))
text = Text.of("话", "words")

COMMANDS_TRIED: list[Command] = [
    WARN,
    ALARM,
    AdjustWarning(colour=WarningColour.RED, scope=("north",), matters="Go.", issuer="desk"),
    CancelWarning(issuer="desk"),
    *(VerifyAlarm(genuine=genuine) for genuine in (True, False)),
    *(
        ActivateResponse(level=level, matters="It is full.", expected_duration=60 * MINUTE)
        for level in (ResponseLevel.II, ResponseLevel.III)
    ),
    *(ChangeResponseLevel(level=level) for level in (ResponseLevel.I, ResponseLevel.III)),
    AssignRole(post="information", person="press"),
    *(AcceptRole(post=post) for post in ("command", "information")),
    DeclineRole(post="command"),
    TransferCommand(to_person="vice", briefing="All is said."),
    AssignTask(task="extra", title=text, post="logistics", acknowledge_within=MINUTE),
    *(
        shape(task=task)
        for shape in (AcknowledgeTask, StartTask, FinishTask, DeclareTaskImpossible)
        for task in TASKS
    ),
    *(
        SubmitSituationReport(report=report, filing=f"{report}-1", summary="So it is.")
        for report in ("sitrep", "statutory")
    ),
    ImposeMeasure(measure="gate", title="Gate closed"),
    *(LiftMeasure(measure=measure) for measure in ("gate", "one-way")),
    HandOverMeasure(measure="one-way", owner="facilities"),
    OrderEvacuation(zones=("north",)),
    DeclareZoneCleared(zone="north", searched_by="lead"),
    ReportUnaccounted(zone="north", persons=0),
    RegisterAssistance(assistance="chair", zone="north", need="wheelchair"),
    ConfirmAssistanceGiven(assistance="chair"),
    RequestResource(request="r1", resource_kind="guards", zone="north", arrive_within=MINUTE),
    CancelResourceRequest(request="r1"),
    *(DispatchUnit(request=request, unit="g1") for request in ("r1", "plan.guards.1")),
    ReportUnitArrived(unit="g1"),
    ReleaseUnit(unit="g1"),
    ConfirmUnitReturned(unit="g1"),
    DeclareResourceUnavailable(request="plan.guards.1"),
    DraftNotice(notice="one", text=text),
    ApproveNotice(notice="one"),
    RejectNotice(notice="one"),
    PublishNotice(notice="one"),
    *(TerminateResponse(overrule=overrule) for overrule in (False, True)),
    CloseIncident(),
    RecordDamage(damage="d1", asset="barrier", description="Bent."),
    AddFinding(finding="f1", text="Late."),
    ProposeCorrectiveAction(action="a1", finding="f1", text="A radio.", owner="guides"),
    CompleteEvaluation(up_to_version=3, report_sha256="b" * 64),
    *(CorrectReport(filing="sitrep-1", headcount=count) for count in (40, 50)),
    CorrectDamage(damage="d1", estimate_fen=900),
    *(RecordPerson(person="w1", concern=PersonConcern.WITNESS, name=name) for name in SEALED),
    RecordPerson(person="c1", concern=PersonConcern.CASUALTY, contact=SEALED[0]),
    PlaceLegalHold(hold="court", authority="The district court"),
    PlaceLegalHold(hold="police", person="w1", authority="The police"),
    *(LiftLegalHold(hold=hold) for hold in ("court", "police")),
    *(ErasePersonalData(person=who, basis=LegalBasis.OTHER_LAW) for who in ("w1", "c1", None)),
    ErasePersonalData(person="c1", basis=LegalBasis.EMERGENCY_OVER),
    *(ConfirmDelivery(notification=f"n{n}", channel=ChannelKind.MAIL) for n in (1, 2, 3)),
    *(ReportDeliveryFailure(notification=f"n{n}", cause="away") for n in (1, 2, 4)),
]

steps = st.one_of(
    st.sampled_from(COMMANDS_TRIED),
    st.just("the clock"),
    st.integers(min_value=1, max_value=30),
)
openings = st.sampled_from([WARN, ALARM])
plans = st.sampled_from([PINNED, FULLER])


class Life:
    """An incident that is lived through at random."""

    def __init__(self, plan: PinnedPlan) -> None:
        self.plan = plan
        self.state: Incident = INCIDENTS.initial
        self.facts: list[Event] = []
        self.now = NOON

    def ask(self, command: Command, who: str | None) -> list[Event]:
        actor = CLOCK if command.kind == "LetDeadlinePass" else BOSS
        asked = CommandEnvelope(command, uuid4(), actor, on_behalf_of=who, reason="because")
        answer = INCIDENTS.decide(self.state, asked, self.now, self.plan)
        return [] if isinstance(answer, Refused) else list(answer)

    def take(self, facts: list[Event]) -> None:
        self.facts += facts
        self.state = reduce(INCIDENTS.evolve, facts, self.state)

    def step(self, what: object, who: str | None) -> None:
        match what:
            case int():
                self.now += timedelta(minutes=what)
            case "the clock":
                if coming := due(self.state):
                    self.now = max(self.now, coming.at)
                    self.lived(coming.command, None)
            case Command():
                self.lived(what, who)

    def lived(self, command: Command, who: str | None) -> None:
        """Carry a command out, and see that it is as good as carried out for good."""
        self.take(self.ask(command, who))
        assert self.ask(command, who) == [], "twice is once"
        self.see_that_all_is_well()

    def see_that_all_is_well(self) -> None:
        state = self.state
        answered = {name for name, task in state.tasks.items() if task.status != "assigned"}
        for owed in state.notifications.values():
            topic, _, subject = owed.about.partition("/")
            queued = topic == "task" and owed.message in {"task_assigned", "task_escalated"}
            assert not (queued and subject in answered), "an answer withdraws what is queued"
        if state.phase is not None and state.phase.is_over:
            assert not state.deadlines, "nothing is due when it is over"
        numbers = [f.notification for f in self.facts if isinstance(f, NotificationOrdered)]
        assert numbers == [f"n{n}" for n in range(1, len(numbers) + 1)], "dense numbers"
        works = [work.key for work in obligations(state)]
        assert len(works) == len(set(works)), "each piece of work is named once"


lives = st.lists(st.tuples(steps, st.sampled_from([None, *SPEAKS_FOR])), max_size=60)


def lived(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan = PINNED
) -> Life:
    made = Life(plan)
    made.lived(opening, None)
    for what, who in life:
        made.step(what, who)
    return made


@settings(max_examples=300, deadline=None)
@for_all(openings, lives, plans)
def test_a_command_carried_out_twice_is_as_good_as_once(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan
) -> None:
    lived(opening, life, plan)


@settings(max_examples=100, deadline=None)
@for_all(openings, lives, plans)
def test_every_fact_survives_storage(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan
) -> None:
    for fact in lived(opening, life, plan).facts:
        stored = encode(fact)
        read = decode(INCIDENTS, fact.kind, fact.schema_version, stored)
        assert (read, encode(read)) == (fact, stored)


@settings(max_examples=50, deadline=None)
@for_all(openings, lives, plans, st.integers(min_value=1, max_value=2 * THAW_AFTER_FACTS))
def test_a_long_fold_ends_where_single_steps_end(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan, repeats: int
) -> None:
    facts = (lived(opening, life, plan).facts * repeats)[: 3 * THAW_AFTER_FACTS]
    fold = start_fold(INCIDENTS, INCIDENTS.initial)
    for fact in facts:
        fold.take(fact)
    assert fold.state() == reduce(INCIDENTS.evolve, facts, INCIDENTS.initial)


@settings(max_examples=100, deadline=None)
@for_all(openings, lives, plans)
def test_left_to_the_clock_every_deadline_passes_and_the_chain_ends(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan
) -> None:
    made = lived(opening, life, plan)
    for _ in range(300):
        coming = due(made.state)
        if coming is None or coming.command.deadline in {"report", "notice"}:
            break
        made.step("the clock", None)
    else:
        raise AssertionError("the clock never comes to rest")


def test_every_command_is_tried() -> None:
    tried = {command.kind for command in COMMANDS_TRIED} | {"LetDeadlinePass"}
    assert tried == set(COMMANDS)


def test_every_fact_has_a_fold() -> None:
    assert set(FACTS.values()) == set(CHANGES)


def test_what_is_over_is_no_work() -> None:
    closed = lived(WARN, [(CancelWarning(issuer="desk"), None)]).state
    assert {work.kind for work in obligations(closed)} <= {WorkKind.NOTIFY}
    assert all(task.status is TaskStatus.LAPSED for task in closed.tasks.values())
