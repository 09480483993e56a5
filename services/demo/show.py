"""The demo: a performance with a screen, a replay, a proof, a report, and one honest last line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from muster.v1.common_pb2 import Receipt
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from activities.evaluation.report import Report
from domain.incident.state.incident import Incident
from domain.values import ResponseLevel
from eventstore.log.events import StoredEvent
from services.cli.incident.report import write
from services.cli.incident.timeline import fold, lines, table
from services.demo import proof, stage, story
from services.demo.case import Case, meta_of
from services.demo.performance import PACE, Performance, performance
from services.demo.play import StoryBroken
from services.demo.proof import Proof
from services.demo.screen import Screen
from services.local import mail_sink
from services.local.folder import Folder
from services.runtime.vocabulary import Language, clock, either, heading, word

REPLAYED_LINES = 24
"""Events that the replay shows: those that turned something."""

TURNING = frozenset(
    {
        "IncidentOpened",
        "WarningRaised",
        "ResponseActivated",
        "PostOfferExpired",
        "PostAccepted",
        "TaskEscalated",
        "TaskOverdue",
        "UnitDispatched",
        "UnitArrived",
        "NoticeApproved",
        "NoticePublished",
        "ZoneCleared",
        "ResponseTerminated",
        "EvaluationCompleted",
        "DamageRecorded",
        "FindingAdded",
        "CorrectiveActionProposed",
        "IncidentClosed",
    }
)
MOMENTS = ("WarningRaised", "PostAccepted", "ResponseTerminated")
"""After which events the case is shown as it stood then."""


@dataclass(frozen=True)
class Wishes:
    """How the demo is to be given."""

    language: Language
    report: Path
    keep: bool
    pace: float = PACE


async def give(wishes: Wishes, console: Console) -> int:
    """Give the demo; return 0 when everything agrees, 1 when something does not."""
    case = Case()
    screen = Screen(console, wishes.language, case, wishes.pace)
    try:
        with stage.folder(keep=wishes.keep) as place:
            if wishes.keep:
                console.print(f"kept: {place.root}", style="dim", soft_wrap=True)
            with screen.shown():
                found, made = await _performed(place, wishes, case, screen)
    except (StoryBroken, stage.StackBroken, ExceptionGroup) as error:
        return _failed(list(_causes(error)), console)
    _look_back(case.events, wishes.language, console)
    write(made, wishes.report)
    console.print(either(wishes.language, "事后评估报告：", "after-action report: "), end="")
    console.print(str(wishes.report), style="underline", soft_wrap=True)
    return _last_line(found, console)


async def _performed(
    place: Folder, wishes: Wishes, case: Case, screen: Screen
) -> tuple[Proof, Report]:
    """Play the story on a stack of its own, and hold what came of it against its sources."""
    screen.begins("准备：启动整套系统", "Setting up: a whole stack of its own")
    async with performance(
        place, story.CAST, case, language=wishes.language, tell=screen.tell
    ) as given:
        play = given.play(screen, wishes.pace)
        await story.tell(play)
        screen.begins("核验：逐项对照", "Proof: every figure against its sources")
        return await _proven(given, play.receipts)


async def _proven(given: Performance, receipts: Sequence[Receipt]) -> tuple[Proof, Report]:
    """Count and compare everything there is to count and compare."""
    found, case, auditor = Proof(), given.case, given.auditor
    proof.counts(found, case, given.incident, mail_sink.kept(given.place.mail), given.received)
    proof.receipts(found, case, receipts)
    await proof.live_state(found, case, given.incident, auditor)
    await proof.replayed(found, case, given.incident, auditor)
    made = await proof.evaluated(found, case, auditor)
    await proof.log(found, case, given.incident, auditor)
    return found, made


def _look_back(events: Sequence[StoredEvent], language: Language, console: Console) -> None:
    """Replay the case, and show three moments of it."""
    told = [line for line in lines(events, language) if line.kind in TURNING][:REPLAYED_LINES]
    console.print()
    title = either(language, "回放：转折之处", "Replayed from the log: the turning points")
    console.print(table(told, language, title))
    console.print()
    console.print(_moments(events, language))
    console.print()


def _moments(events: Sequence[StoredEvent], language: Language) -> RenderableType:
    title = either(language, "三个时刻的状态", "As of three moments")
    grid = Table(title=title, title_justify="left", header_style="bold")
    grid.add_column("")
    stood = []
    for kind in MOMENTS:
        event = _last_of_its_command([one for one in events if one.type == kind][-1], events)
        stood.append(fold(events[: event.version]))
        grid.add_column(f"#{event.version}  {clock(event.recorded_at)}")
    for name, values in _rows(stood, language):
        grid.add_row(name, *values)
    return grid


def _last_of_its_command(event: StoredEvent, events: Sequence[StoredEvent]) -> StoredEvent:
    """Return the end of what a command led to: nobody ever saw it stand half-way."""
    command = meta_of(event)["command_id"]
    return [one for one in events if meta_of(one)["command_id"] == command][-1]


def _rows(stood: Sequence[Incident], language: Language) -> list[tuple[str, list[str]]]:
    open_tasks = either(language, "未完成任务", "Tasks open")
    waiting = either(language, "时限", "Deadlines")
    units = either(language, "在场力量", "Units out")
    measures = either(language, "生效措施", "Measures in force")
    return [
        (heading("phase", language), [word("phase", one.phase or "", language) for one in stood]),
        (heading("level", language), [_level(one.level) for one in stood]),
        (heading("commander", language), [_commander(one) for one in stood]),
        (open_tasks, [str(sum(not t.status.is_over for t in one.tasks.values())) for one in stood]),
        (waiting, [str(len(one.deadlines)) for one in stood]),
        (units, [", ".join(sorted(one.units)) or "—" for one in stood]),
        (
            measures,
            [
                ", ".join(sorted(name for name, m in one.measures.items() if not m.lifted)) or "—"
                for one in stood
            ],
        ),
    ]


def _level(level: ResponseLevel | None) -> str:
    return level.name if level else "—"


def _commander(incident: Incident) -> str:
    holding = incident.posts.get("commander")
    return (holding and holding.held_by) or "—"


def _last_line(found: Proof, console: Console) -> int:
    if found.wrong:
        return _failed(found.wrong, console)
    sys.stdout.flush()
    console.print(
        f"demo: ok  {found.events} events, {found.mails} mails, {found.hooks} webhooks, "
        f"chain verified to position {found.position}, replay equals live state",
        style="bold green",
        soft_wrap=True,
        highlight=False,
    )
    return 0


def _failed(causes: Sequence[str], console: Console) -> int:
    for cause in causes:
        console.print(Text(f"demo: failed  {cause}", style="bold red"), soft_wrap=True)
    return 1


def _causes(error: Exception) -> Iterator[str]:
    """Return what broke the story, also where several people acted at once."""
    match error:
        case ExceptionGroup():
            for one in error.exceptions:
                yield from _causes(one)
        case StoryBroken() | stage.StackBroken():
            yield str(error)
        case _:
            raise error
