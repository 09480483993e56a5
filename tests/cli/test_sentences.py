"""Every fact has a sentence, in both languages."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest

from domain.directory.person import PERSONS
from domain.incident.decider import INCIDENTS
from domain.plan.lifecycle.publication import PUBLICATION
from domain.record.case_access import READINGS
from domain.record.disclosure import DISCLOSURES
from domain.record.divergence import DIVERGENCES
from domain.record.export import EXPORTS
from domain.resource.unit import UNITS
from services.runtime.sentences import SENTENCES, sentence

if TYPE_CHECKING:
    from domain.values import Event

FACTS: dict[str, type[Event]] = {
    **INCIDENTS.facts,
    **PUBLICATION.facts,
    **UNITS.facts,
    **PERSONS.facts,
    **DIVERGENCES.facts,
    **EXPORTS.facts,
    **DISCLOSURES.facts,
    **READINGS.facts,
}
ESCALATED = '{"task":"guide","to":"deputy","step":1,"acknowledge_by":"2026-05-01T06:30:00Z"}'


def fields_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_fact_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert set(SENTENCES) == set(FACTS)


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_a_sentence_names_fields_that_its_fact_has(kind: str) -> None:
    fields = set(FACTS[kind].model_fields)
    assert fields_in(SENTENCES[kind].zh) <= fields
    assert fields_in(SENTENCES[kind].en) <= fields


def test_a_fact_is_said_in_the_language_asked_for() -> None:
    assert sentence("TaskEscalated", ESCALATED, "en").startswith("Task guide escalated to deputy")
    assert sentence("TaskEscalated", ESCALATED, "zh_CN.UTF-8").startswith("任务 guide 无人确认")


def test_values_are_said_in_words() -> None:
    raised = (
        '{"colour":"orange","starts_at":"2026-05-01T06:30:00Z","scope":["north","atrium"],'
        '"matters":"Keep right","issuer":"Duty desk"}'
    )
    said = "Orange warning for north, atrium: Keep right (issued by Duty desk)"
    assert sentence("WarningRaised", raised, "en") == said


def test_a_fact_of_a_later_release_is_said_by_its_name() -> None:
    assert sentence("RoofOpened", "{}", "zh") == "RoofOpened"
