"""The page about clear times says what is reckoned, and shows what is drawn."""

from __future__ import annotations

from pathlib import Path

from compiler.analysis.egress import of_plan as egress_of
from compiler.drawing.route_map.maps import route_maps
from compiler.driver import read_plan, shipped
from domain.plan.model.plan import Plan
from domain.plan.model.space import EgressRules

PAGES = Path(__file__).parents[2] / "docs" / "explanation"
PAGE = (PAGES / "clear-times.md").read_text("utf-8")


def mall() -> Plan:
    """Return the general venue plan."""
    found = read_plan(shipped()["general-venue"], "general-venue.yaml")
    assert isinstance(found, Plan)
    return found


def picture() -> str:
    """Return the map that the page shows; write it with `python -m tests.docs.test_clear_times`."""
    plan = mall()
    maps = route_maps(plan, plan.venues[0], "en")
    (ground,) = [one for one in maps if one.floor == 0 and one.lost is None]
    return ground.picture.svg()


def test_the_page_shows_the_map_as_it_is_drawn() -> None:
    assert (PAGES / "clear-times.svg").read_text("utf-8") == picture()


def test_the_page_tells_the_figures_that_are_reckoned() -> None:
    found = egress_of(mall())["riverside-mall"]
    whole, lost = found.whole, found.lost["south-doors"]
    assert f"{whole.bottleneck.persons:,} persons" in PAGE
    assert f"take {whole.bottleneck.per_minute:,.0f} a minute" in PAGE
    assert f"{whole.bottleneck.minutes:.1f} minutes. Nobody" in PAGE
    assert f"that is {whole.minutes:.1f} minutes" in PAGE
    assert f"take {lost.bottleneck.per_minute:,.0f} a\nminute" in PAGE
    assert f"it takes {lost.minutes:.1f} minutes" in PAGE


def test_the_page_tells_the_rates_that_hold() -> None:
    rules = EgressRules()
    rates = {"level": rules.level, "door, gate": rules.door}
    rates |= {"stairs down": rules.stairs_down, "stairs up": rules.stairs_up}
    assert [way for way, rate in rates.items() if f"| {way} | {rate:g} |" not in PAGE] == []


if __name__ == "__main__":
    (PAGES / "clear-times.svg").write_text(picture(), "utf-8")
