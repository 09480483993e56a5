"""The handbook says what the plan says, to whoever needs it."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Protocol

import pytest

from compiler.drawing.localized import Localizer
from compiler.handbook.book import Edition, handbook
from compiler.handbook.contact_directory import Numbers, contact_rows
from compiler.handbook.position_cards import cards
from compiler.handbook.supplies import supply_rows
from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from tests.compiler.drawing.test_route_maps import LANGUAGES, SHIPPED, plan
from tests.compiler.examples import EXAMPLE_PLAN, example_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.values import Text

WINTER = date(2026, 12, 15)
EN = Localizer(EXAMPLE_PLAN, "en")
NUMBERS = {"manager": {"mail": "boss@example.org", "telephone": "+86 10 5555 0101"}}
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Titled(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> Text: ...


class Outline(HTMLParser):
    """The elements of a page: what fetches, ids, targets, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.fetches: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.open += [] if tag in VOID else [tag]
        self.ids += [str(known["id"])] if "id" in known else []
        self.targets += [str(known["href"])] if tag == "a" else []
        fetching = {"src", "srcset", "action", "data", "poster"} & known.keys()
        self.fetches += [tag] if fetching or tag in {"script", "link", "iframe"} else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


def page(
    one: Plan, language: str = "en", venue: str | None = None, numbers: Numbers | None = None
) -> str:
    return handbook(one, Edition(language, WINTER, venue, numbers))


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_one_page_that_fetches_nothing(name: str, language: str) -> None:
    text = page(plan(name), language)
    found = outline(text)
    assert found.open == []
    assert found.fetches == []
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert {f"#{one}" for one in found.ids} >= set(found.targets)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_every_task_contact_supply_and_post_is_in_it(name: str, language: str) -> None:
    one, text = plan(name), unescape(page(plan(name), language))
    things: Sequence[Titled] = (*one.tasks, *one.contacts, *one.supplies, *one.posts.values())
    assert [thing.id for thing in things if thing.title.said_in(language) not in text] == []
    assert pinned(one).ref.hash in text


def test_what_a_plan_says_is_never_read_as_markup() -> None:
    text = page(example_with("/title: {zh: x, en: '<script>alert(1)</script>'}"))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_without_numbers_there_are_none() -> None:
    text = page(EXAMPLE_PLAN)
    assert "without personal numbers" in text
    assert "boss@example.org" not in text


def test_with_numbers_it_says_that_it_is_for_internal_use() -> None:
    text = page(EXAMPLE_PLAN, numbers=NUMBERS)
    assert "for internal use" in text
    assert "boss@example.org" in text
    assert "telephone +86 10 5555 0101" in text


def test_a_contact_is_listed_with_what_they_are() -> None:
    rows = {row.title: row for row in contact_rows(EN, None)}
    assert rows["Guide, upstairs"].roles == ["Leader, member"]
    assert rows["Duty officer, night"].roles == ["Duty officer"]
    assert rows["Deputy manager"].roles == ["Commander, deputy"]
    assert rows["Screens"].roles == ["channel to the public"]
    assert rows["General manager"].channels == ["webhook", "mail"]


def test_a_card_says_what_by_when_and_who_stands_in() -> None:
    card = next(one for one in cards(EN) if one.post == "guide")
    assert card.holder == "Leader of the guides"
    assert card.stand_ins[:2] == ["Guide, upstairs", "Deputy of the guides"]
    assert card.reports_to == "Commander"
    response = next(one for one in card.stretches if one.look == "response")
    out = next(item for item in response.items if item.title == "Lead customers out")
    assert out.by == ["acknowledge within 1 min", "start within 3 min", "finish within 15 min"]
    assert "with: Megaphones 4 pieces" in out.notes
    search = next(item for item in response.items if item.title == "Search each zone")
    assert "after: Lead customers out" in search.notes
    assert "at level II" in search.notes
    assert "wheelchair users: Evacuation chair, within 3 min" in card.standing


def test_whoever_commands_reports_to_nobody_in_the_plan() -> None:
    card = next(one for one in cards(EN) if one.post == "commander")
    assert card.reports_to == ""
    assert "decide on response level II, III" in card.may


def test_at_a_venue_its_own_people_are_on_the_cards() -> None:
    text = page(EXAMPLE_PLAN, venue="kiosk")
    assert "Guide at the branch" in text
    assert 'id="card-guide"' in text
    assert "Riverside Bookshop · " not in text
    assert "Branch · " in text


# Each: what is changed in the example plan, and what is said of the megaphones, barriers or chairs.
STATES = {
    "enough": ("/version: 1", {"enough"}),
    "below the minimum": ("/supplies/0/minimum: 30", {"enough", "below the minimum"}),
    "too few": ("/supplies/0/quantity: 9", {"enough", "3 too few", "below the minimum"}),
    "expired": (
        "/supplies/1/lots/1/expires_on: 2026-12-01", {"enough", "megaphones-2026 has expired"},
    ),
    "expires soon": (
        "/supplies/1/lots/1/expires_on: 2027-01-15", {"enough", "megaphones-2026 expires soon"},
    ),
    "never inspected": ("/supplies/0/inspected_on: -", {"enough", "never inspected"}),
    "inspection overdue": (
        "/supplies/0/inspected_on: 2026-01-05", {"enough", "inspection overdue"},
    ),
    "inspection due soon": (
        "/supplies/0/inspected_on: 2026-10-01", {"enough", "inspection due soon"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_the_list_of_supplies_says_what_is_to_be_seen_to(state: str) -> None:
    change, expected = STATES[state]
    rows = supply_rows(Localizer(example_with(change), "en"), WINTER)
    assert {mark.text for row in rows for mark in row.marks} == expected


def test_the_list_of_supplies_says_what_a_response_takes() -> None:
    rows = {row.title: row for row in supply_rows(EN, WINTER)}
    assert rows["Barriers"].taken == "12 pieces (II, fire)"
    assert rows["Megaphones"].lots == [
        "megaphones-2025: 6",
        "megaphones-2026: 6, expires 2028-06-30",
    ]
