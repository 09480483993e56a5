"""The flowchart shows what is run, and nothing on it hides anything that is written."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from compiler.drawing.flowchart.chart import flowchart
from compiler.drawing.flowchart.mermaid import mermaid
from compiler.drawing.flowchart.stages import stages
from compiler.drawing.picture import Box, Picture
from tests.compiler.drawing.test_route_maps import LANGUAGES, SHIPPED, plan, shrunk
from tests.compiler.examples import EXAMPLE_PLAN


def drawn(name: str, language: str) -> Picture:
    return flowchart(plan(name), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_no_two_texts_meet(name: str, language: str) -> None:
    labels = drawn(name, language).labels
    areas = [(label.text, shrunk(label.area)) for label in labels if label.text]
    met = [(one, other) for (one, a), (other, b) in combinations(areas, 2) if a.meets(b)]
    assert met == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_all_that_is_written_is_on_the_sheet(name: str, language: str) -> None:
    picture = drawn(name, language)
    areas = [label.area for label in picture.labels]
    assert [one for one in areas if one.left < 0 or one.right > picture.wide] == []
    assert [one for one in areas if one.top < 0 or one.bottom > picture.high] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_boxes_stand_below_each_other(name: str, language: str) -> None:
    boxes = [one.area for one in drawn(name, language).shapes if isinstance(one, Box)]
    stages_drawn = [one for one in boxes if one.right - one.left > 400]
    assert len(stages_drawn) == len(stages(plan(name), language))
    assert not any(one.meets(other) for one, other in combinations(stages_drawn, 2))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_well_formed(name: str, language: str) -> None:
    root = ET.fromstring(drawn(name, language).svg())  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_it_says_who_decides_and_by_when() -> None:
    said = " ".join(label.text for label in flowchart(EXAMPLE_PLAN, "en").labels)
    assert "General manager, then Deputy manager" in said
    assert "within 3 min" in said
    assert "An alarm is verified within 2 min" in said


def test_mermaid_has_the_same_stages_and_ways_between_them() -> None:
    text = mermaid(EXAMPLE_PLAN, "en")
    told = stages(EXAMPLE_PLAN, "en")
    assert text.startswith("flowchart TD\n")
    assert all(stage.title in text for stage in told)
    ways = len(told) - 1 + sum(len(stage.detours) for stage in told)
    assert text.count(" --> ") == ways


def test_what_means_something_to_mermaid_is_only_said() -> None:
    title = '"] --> x["<script>'
    changed = EXAMPLE_PLAN.levels[0].model_copy(
        update={"criteria": EXAMPLE_PLAN.title.model_copy(update={"en": title})}
    )
    text = mermaid(EXAMPLE_PLAN.model_copy(update={"levels": (changed,)}), "en")
    assert "<script>" not in text
    assert '"] --' not in text
