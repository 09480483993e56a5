"""A short soak of a whole stack, and what is asked of a soak that can't be done."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.soak.faults import PARTS, blows
from benchmarks.soak.figures import GOALS, TAKEN, figures, held, table
from benchmarks.soak.options import read_options

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {
    "kills",
    "pauses",
    "acknowledged",
    "lost",
    "doubled",
    "deadlines_unfired",
    "deadline_late_p50_s",
    "deadline_late_max_s",
    "outcome_p50_s",
    "outcome_max_s",
    "rss_ratio",
    "failover_lost",
    "owed_10k_s",
    "owed_10k_events",
    "owed_10k_deadline_late_s",
    "burst_1000_late_max_s",
    "dispatch_behind_1000_s",
}


def soak(
    out: Path, options: str, *more: str
) -> tuple[dict[str, float | None], dict[str, dict[str, float]]]:
    """Run a soak that holds; return its figures and all that is known of its runs."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *options.split(), *more, f"--out={out}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    details = out.with_name("soak-details.json")
    return json.loads(out.read_text()), json.loads(details.read_text())


@pytest.mark.processes
def test_a_few_kills_and_a_pause_lose_nothing_and_silence_nothing(tmp_path: Path) -> None:
    short = "--seed=smoke --runs=kills --kills=2 --pauses=1 --pause-seconds=4 --lanes=3"
    taken, details = soak(tmp_path / "soak.json", short)
    assert set(taken) == KEYS
    assert (taken["kills"], taken["pauses"]) == (2, 1)
    assert (taken["lost"], taken["doubled"], taken["deadlines_unfired"]) == (0, 0, 0)
    assert (taken["acknowledged"] or 0) > 20
    assert taken["burst_1000_late_max_s"] is None, "not run"
    assert details["kills"]["deadlines_passed"] > 0


@pytest.mark.processes
def test_what_measures_works_when_it_is_made_small(tmp_path: Path) -> None:
    taken, details = soak(tmp_path / "soak.json", "--divide=100 --runs", "owed burst")
    assert {taken[key] for key in TAKEN} == {None}, "a small run claims no figure"
    assert details["burst"]["burst_passed"] == 10
    assert details["owed"]["owed_delivered"] == 5
    assert details["owed"]["owed_left"] == 0
    assert details["owed"]["owed_10k_events"] > 0
    assert details["owed"]["dispatch_behind_1000_s"] > 0


def test_every_part_has_its_turn_before_any_has_another() -> None:
    planned = list(blows("1", 12, 6))
    killed = [blow.part for blow in planned if blow.how == "kill"]
    assert {*killed[:6]} == {*killed[6:]} == {*PARTS}
    assert {blow.part for blow in planned if blow.how == "pause"} == {*PARTS}
    assert planned == list(blows("1", 12, 6))


def test_every_figure_has_a_goal_and_is_null_until_it_is_taken() -> None:
    nothing = figures({})
    assert set(nothing) == {goal.key for goal in GOALS} == KEYS
    assert set(nothing.values()) == {None}
    assert table(nothing).count("not run") == len(KEYS)


def test_a_broken_promise_is_not_held_and_a_missed_goal_is_told() -> None:
    fine = {"kills": 3, "lost": 0, "doubled": 0, "deadlines_unfired": 0, "complaints_in_all": 0}
    assert held({"kills": fine})
    assert not held({"kills": {**fine, "lost": 1}})
    assert not held({"kills": fine, "failover": {"failover_lost": 1}})
    assert not held({"kills": fine, "burst": {"deadlines_unfired": 1}})
    assert not held({"kills": {"stopped": "TimeoutError"}})
    assert "MISSED, <= 0" in table(figures({"kills": {**fine, "lost": 1}}))
    assert "MISSED, <= 0.5" in table(figures({"rush": {"deadline_late_p50_s": 0.51}}))


@pytest.mark.processes
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--kills 0", "'0' is no whole number from 1 to 10,000"),
        ("--kills many", "'many' is no whole number from 1 to 10,000"),
        ("--pauses -1", "'-1' is no whole number from 0 to 10,000"),
        ("--pause-seconds nan", "'nan' is no number of seconds above 0 and up to 600"),
        ("--lanes 33", "'33' is no whole number from 1 to 32"),
        ("--runs kill", "'kill' is no run: choose some of kills failover owed burst rush"),
        ("--divide 0", "'0' is no whole number from 1 to 1,000"),
        ("--base 0000000", "'0000000' names no commit here: name one that `git log` shows"),
    ],
)
def test_what_can_not_be_done_is_refused_with_what_would_be_right(
    given: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        read_options([given.split(maxsplit=1)[0] + "=" + given.split()[1]])
    assert refused.value.code == 2
    assert said in capsys.readouterr().err
