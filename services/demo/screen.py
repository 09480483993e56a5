"""What the audience looks at: one screen that says where it stands, or plain lines without one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from domain.incident.state.incident import Incident
from domain.values import Phase
from services.cli.incident.timeline import colour_of, in_words, lines
from services.demo.case import Case
from services.demo.play import Deed
from services.runtime.vocabulary import Language, clock, either, heading, word

REFRESH_PER_S = 8
STEPS_SHOWN = 7
DEADLINES_SHOWN = 7
EVENTS_SHOWN_MAX = 12
ROWS_OF_THE_REST = 18
"""Rows that all but the events take."""

LIFE = (Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH, Phase.CLOSED)


class Screen:
    """Shows a case while it is played."""

    def __init__(self, console: Console, language: Language, case: Case, pace: float) -> None:
        self.case = case
        self._console = console
        self._language = language
        self._pace = pace
        self._begun = time.monotonic()
        self._steps: deque[Text] = deque(maxlen=STEPS_SHOWN)
        self._act = ""
        self._said = 0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it until the end; without a terminal, say each line once."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            get_renderable=self.render, console=self._console, refresh_per_second=REFRESH_PER_S
        ):
            yield

    def tell(self, text: str) -> None:
        """Say how the preparations go."""
        self._step(Text(text, style="dim"))

    def begins(self, zh: str, en: str) -> None:
        """Say that an act begins."""
        self._act = either(self._language, zh, en)
        self._step(Text(f"▶ {self._act}", style="bold yellow"))

    def hears(self, zh: str, en: str) -> None:
        """Say what the audience should know."""
        self._step(Text(f"  {either(self._language, zh, en)}", style="italic"))

    def sees(self, deed: Deed) -> None:
        """Show what somebody did."""
        who = deed.who
        if deed.on_behalf_of:
            behalf = either(self._language, "代", "for")
            who = f"{who} {behalf} {deed.on_behalf_of}"
        mark, style = ("✗", "red") if deed.refused else ("✓", "green")
        self._step(
            Text.assemble(
                (f"  {mark} ", style),
                (who, "cyan"),
                f" {in_words(deed.command)}",
                (f" → {deed.outcome}", "dim red" if deed.refused else "dim"),
            )
        )

    def render(self) -> RenderableType:
        """Return the screen as it is now."""
        middle = Table.grid(expand=True, padding=(0, 1))
        middle.add_column(ratio=3)
        middle.add_column(ratio=2)
        middle.add_row(self._story(), self._due())
        return Panel(
            Group(self._head(), "", middle, self._events()),
            title=either(
                self._language,
                "[bold]Muster[/] 演练：商场北入口高峰客流",
                "[bold]Muster[/] exercise: peak hour at the mall's north entrance",
            ),
            box=box.ROUNDED,
            border_style="blue",
        )

    def _step(self, text: Text) -> None:
        self._steps.append(text)
        if not self._console.is_terminal:
            self._catch_up()
            self._console.print(text, soft_wrap=True)

    def _catch_up(self) -> None:
        """Say the events that happened since the last line, where there is no screen."""
        fresh = self.case.events[self._said :]
        self._said = len(self.case.events)
        for line in lines(fresh, self._language):
            text = f"    {clock(line.recorded)} {line.version:>3} {line.who}: {line.what}"
            self._console.print(Text(text, style=colour_of(line.kind)), soft_wrap=True)

    def _head(self) -> RenderableType:
        state = self.case.state
        life = Text()
        for phase in LIFE:
            name = f" {word('phase', phase, self._language).upper()} "
            here, been = state.phase is phase, _is_past(state, phase)
            style = "bold black on yellow" if here else ("green" if been else "dim")
            life.append(name, style)
            life.append("─" if phase is not Phase.CLOSED else "", "dim")
        grid = Table.grid(expand=True)
        grid.add_column()
        grid.add_column(justify="right")
        grid.add_row(life, self._clock())
        grid.add_row(self._command(state), self._delivered())
        return grid

    def _command(self, state: Incident) -> Text:
        level = state.level.name if state.level else "—"
        post = next(iter(state.posts.values()), None)
        commander = (post and (post.held_by or f"{post.offered_to} ?")) or "—"
        names = heading("level", self._language), heading("commander", self._language)
        return Text.assemble(
            (f" {names[0]} ", "dim"), (level, "bold"), (f"  {names[1]} ", "dim"), commander
        )

    def _clock(self) -> Text:
        begun = self.case.events[0].recorded_at if self.case.events else None
        drill = (datetime.now(UTC) - begun) * self._pace if begun else timedelta(0)
        real = time.monotonic() - self._begun
        drill_name = either(self._language, "演练时钟", "drill clock")
        text = f"{real:4.0f} s   {drill_name} {_minutes(drill)} (×{self._pace:g}) "
        return Text(text, style="bold")

    def _delivered(self) -> Text:
        mails = len(self.case.all_of("NotificationDelivered", channel="mail"))
        hooks = len(self.case.all_of("NotificationDelivered", channel="webhook"))
        waiting = len(self.case.state.notifications)
        text = either(
            self._language,
            f"邮件 {mails}  接口推送 {hooks}  待发 {waiting}  事件 {len(self.case.events)} ",
            f"mails {mails}  webhooks {hooks}  waiting {waiting}  events {len(self.case.events)} ",
        )
        return Text(text, style="magenta")

    def _story(self) -> RenderableType:
        grid = Table.grid(expand=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        for step in (*self._steps, *[Text("")] * (STEPS_SHOWN - len(self._steps))):
            grid.add_row(step)
        return Panel(grid, title=self._act or "…", box=box.SIMPLE_HEAD, title_align="left")

    def _due(self) -> RenderableType:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True, min_width=8)
        now = datetime.now(UTC)
        armed = sorted((at, key) for key, at in self.case.state.deadlines.items())
        for at, key in armed[:DEADLINES_SHOWN]:
            left = (at - now) * self._pace
            urgent = "bold red" if left < timedelta(minutes=1) else ""
            grid.add_row(f"{key.subject} {in_words_of(key.kind)}", Text(_minutes(left), urgent))
        for _ in range(DEADLINES_SHOWN - len(armed)):
            grid.add_row("", "")
        title = either(self._language, f"时限 ({len(armed)})", f"deadlines ({len(armed)})")
        return Panel(grid, title=title, box=box.SIMPLE_HEAD, title_align="left")

    def _events(self) -> RenderableType:
        rows = max(3, min(EVENTS_SHOWN_MAX, self._console.height - ROWS_OF_THE_REST))
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(justify="right", style="dim")
        grid.add_column(style="dim")
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        shown = list(lines(self.case.events[-rows:], self._language))
        for line in shown:
            what = Text(line.what, style=colour_of(line.kind))
            grid.add_row(str(line.version), clock(line.recorded), line.who, what)
        for _ in range(rows - len(shown)):
            grid.add_row("", "", "", "")
        title = either(self._language, "日志", "the log")
        return Panel(grid, title=title, box=box.SIMPLE_HEAD, title_align="left")


def in_words_of(kind: str) -> str:
    """Return a kind of deadline in words."""
    return kind.replace("_", " ")


def _is_past(state: Incident, phase: Phase) -> bool:
    order = list(Phase)
    return state.phase is not None and order.index(phase) < order.index(state.phase)


def _minutes(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3_600)
    minutes, left = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02d}:{left:02d}" if hours else f"{sign}{minutes:02d}:{left:02d}"
