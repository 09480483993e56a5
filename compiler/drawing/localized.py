"""A plan in the language of who reads: its texts, spans, and what its names stand for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from compiler.drawing.vocabulary import HAZARDS, METRICS, span_said
from domain.plan.model.alerting import Trigger
from domain.plan.model.notation import spelled
from domain.plan.model.plan import Plan
from domain.values import HazardKind, Text


class Localizer(NamedTuple):
    """Says what a plan says."""

    plan: Plan
    language: str

    @property
    def is_chinese(self) -> bool:
        """Whether Chinese is read."""
        return self.language.startswith("zh")

    def of(self, zh: str, en: str) -> str:
        """Return what is said in the language that is read."""
        return zh if self.is_chinese else en

    def text(self, text: Text) -> str:
        """Return a text of the plan."""
        return text.said_in(self.language)

    def span(self, length: timedelta) -> str:
        """Return how long something may take: `3 min`, `3 分钟`."""
        return span_said(spelled(length), self.language)

    def listed(self, items: Iterable[str]) -> str:
        """Return several as one reads them."""
        return self.of("、", ", ").join(items)

    def post(self, post: str) -> str:
        """Return what a post is called."""
        known = self.plan.posts.get(post)
        return self.text(known.title) if known else post

    def posts(self, posts: Iterable[str]) -> str:
        """Return what several posts are called."""
        return self.listed(self.post(post) for post in posts)

    def contact(self, contact: str) -> str:
        """Return what a contact is called."""
        known = self.plan.people.get(contact)
        return self.text(known.title) if known else contact

    def contacts(self, contacts: Iterable[str]) -> str:
        """Return what several contacts are called."""
        return self.listed(self.contact(contact) for contact in contacts)

    def hazards(self, hazards: Iterable[HazardKind]) -> str:
        """Return what may happen."""
        return self.listed(self.text(HAZARDS[one]) for one in hazards)

    def zone(self, zone: str) -> str:
        """Return what a zone is called, whichever venue it is of."""
        for zones in self.plan.zones.values():
            if zone in zones:
                return self.text(zones[zone].title)
        return zone

    def trigger(self, trigger: Trigger) -> str:
        """Return a threshold: `Density ≥ 3 persons/m² for 2 min`."""
        signal = next((one for one in self.plan.signals if one.id == trigger.signal), None)
        unit = self.text(METRICS[signal.metric]) if signal else ""
        name = self.text(signal.title) if signal else trigger.signal
        said = f"{name} ≥ {trigger.at_least:g} {unit}".rstrip()
        if trigger.sustained_for:
            span = self.span(trigger.sustained_for)
            said += self.of(f"，持续 {span}", f" for {span}")
        if trigger.zones:
            zones = self.listed(self.zone(zone) for zone in trigger.zones)
            said += self.of(f"（{zones}）", f" ({zones})")
        return said
