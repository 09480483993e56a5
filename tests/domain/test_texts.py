"""What can't be seen, or reads as another text, is not taken, and is shown escaped."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.incident.events.response import MeasureImposed
from domain.incident.measures import ImposeMeasure
from domain.incident.notification import ReportDeliveryFailure
from domain.incident.warning import RaiseWarning, ReportAlarm
from domain.resource.unit import RegisterUnit
from domain.texts import UNSEEN, faults, in_a_line, is_blank, shown, visible
from domain.values import Text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ESC, BEL, CSI, RLO, ZWSP = "\x1b", "\x07", "\x9b", "\u202e", "\u200b"
HIDDEN = [ESC, BEL, CSI, RLO, "\u2066", "\u200f", "\u2028", "\x7f", "\x85", "a\rb", "\U000e0041"]
BLANKS = [ZWSP, "\u200b\u200d", "\ufeff", "\u3164", "\u2800", "\u0301", "\u3000"]
PLAIN = ["东门拥堵", "line\nline", "tab\there", "a\r\nb", "café", "👩‍👩‍👧", "é", "½ · …"]
ALARM: dict[str, Any] = {"venue": "v", "plan": "p", "hazard": "fire", "zone": "z"}
WARNING: dict[str, Any] = {
    "venue": "v",
    "plan": "p",
    "hazard": "fire",
    "colour": "red",
    "starts_at": "2026-01-01T00:00:00Z",
    "scope": ("z",),
    "matters": "stay away",
    "measures": [{"measure": "m", "title": "shut"}],
    "issuer": "the office",
}
UNIT: dict[str, Any] = {"unit": "u", "title": Text(zh="艇", en="boat"), "resource_kind": "k"}


def wrong(shape: Any, **said: Any) -> list[ErrorDetails]:
    with pytest.raises(ValidationError) as caught:
        shape.model_validate(said)
    return caught.value.errors(include_url=False)


@pytest.mark.parametrize("text", HIDDEN)
def test_a_command_takes_no_text_that_can_t_be_seen(text: str) -> None:
    (error,) = wrong(ReportAlarm, **ALARM, source=f"camera {text} 7")
    assert (error["loc"], error["type"]) == (("source",), "character_not_allowed")
    place = UNSEEN.search(f"camera {text} 7")
    assert place is not None
    assert error["ctx"]["place"] == place.start() + 1


@pytest.mark.parametrize("text", BLANKS)
def test_a_command_takes_no_text_in_which_there_is_nothing_to_see(text: str) -> None:
    (error,) = wrong(ReportAlarm, **ALARM, source=text)
    assert error["type"] in {"blank", "string_too_short"}


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_is_taken(text: str) -> None:
    assert ReportAlarm.model_validate(ALARM | {"source": text}).source == text


def test_each_field_is_named_also_far_within() -> None:
    said = WARNING | {
        "matters": ESC,
        "measures": [*WARNING["measures"], {"measure": "n", "title": RLO}],
    }
    found = wrong(RaiseWarning, **said)
    assert [error["loc"] for error in found] == [("matters",), ("measures", 1, "title")]
    (unit,) = wrong(RegisterUnit, **UNIT | {"title": Text(en=BEL)})
    assert unit["loc"] == ("title", "en")


def test_a_fact_is_read_whatever_it_says() -> None:
    stored = '{"measure":"m","title":"\\u001b[2J\\u202e"}'
    fact = MeasureImposed.model_validate_json(stored)
    assert fact.title == f"{ESC}[2J{RLO}"
    assert MeasureImposed(measure="m", title=fact.title) == fact
    assert wrong(ImposeMeasure, measure="m", title=fact.title)


def test_what_another_machine_said_is_taken_escaped() -> None:
    failure = ReportDeliveryFailure(notification="n1", cause=f"554 {ESC}[2Jno")
    assert failure.cause == "554 \\x1b[2Jno"


# -------------------------------------------------------------------------------- how it is shown


@given(st.text())
def test_what_is_shown_holds_nothing_that_can_t_be_seen(text: str) -> None:
    assert not UNSEEN.search(visible(text))
    assert visible(visible(text)) == visible(text)
    assert not UNSEEN.search(in_a_line(text))
    assert "\n" not in in_a_line(text)


@given(st.characters())
def test_every_control_and_every_mark_of_direction_is_unseen(letter: str) -> None:
    is_control = unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}
    is_mark = unicodedata.bidirectional(letter) in {"LRE", "RLE", "LRO", "RLO", "PDF"}
    is_isolate = unicodedata.bidirectional(letter) in {"LRI", "RLI", "FSI", "PDI"}
    allowed = letter in "\t\n"
    assert bool(UNSEEN.search(letter)) >= ((is_control or is_mark or is_isolate) and not allowed)


@given(st.text(min_size=1))
def test_what_is_printable_is_not_blank(text: str) -> None:
    assert is_blank(text) <= (
        not any(one.isalnum() for one in text if one not in "\u115f\u1160\u3164\uffa0")
    )


def test_a_page_keeps_what_is_markup() -> None:
    assert shown(7) == 7
    assert shown(f"a{ESC}b") == "a\\x1bb"


def test_a_value_without_texts_has_nothing_wrong_with_it() -> None:
    assert [*faults(ReportAlarm.model_validate(ALARM | {"source": "camera"}))] == []
