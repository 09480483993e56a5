"""The plans that incidents are pinned to, read from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from domain.decider import decode
from domain.incident.warning import Opening
from domain.lru import LruCache
from domain.plan.lifecycle.drafts import PlanPublished
from domain.plan.lifecycle.publication import PUBLICATION
from domain.plan.model.plan import PinnedPlan, PlanRef

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from domain.values import Command
    from eventstore.log.log import Log
    from eventstore.log.statements import EventRecord

PLANS_MAX = 64
"""Plan versions kept in memory; so are the latest versions of as many plans."""


class _Latest(NamedTuple):
    """The version in force, and how far its stream was read."""

    plan: PinnedPlan | None = None
    version: int = 0


class PlanLibrary:
    """Finds plans by what pins them, or the version in force."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._by_hash: LruCache[str, PinnedPlan] = LruCache(PLANS_MAX)
        self._latest: LruCache[str, _Latest] = LruCache(PLANS_MAX)

    async def surroundings(self, incident: Incident, command: Command) -> PinnedPlan | None:
        """Return the plan that a command about an incident is decided by: the pinned one.

        For a command that would open the incident it is the version in force. As a recorder's
        `surroundings`. Raises LogUnavailable.
        """
        if incident.plan is not None:
            return await self.pinned(incident.plan)
        if isinstance(command, Opening):
            return await self.latest(command.plan)
        return None

    async def pinned(self, ref: PlanRef) -> PinnedPlan | None:
        """Return just this version, whatever was published since."""
        if (kept := self._by_hash.get(ref.hash)) is not None:
            return kept
        async for page in self._log.read_facts(f"plan/{ref.id}"):
            for fact in page:
                plan = _published(fact)
                if plan is not None and plan.ref.hash == ref.hash:
                    self._by_hash[ref.hash] = plan
                    return plan
        return None

    async def latest(self, plan: str) -> PinnedPlan | None:
        """Return the version in force now; None if the plan was never published."""
        found, version = self._latest.get(plan) or _Latest()
        async for page in self._log.read_facts(f"plan/{plan}", after=version):
            version = page[-1].version
            found = next(filter(None, map(_published, reversed(page))), found)
        if found is not None:
            self._by_hash[found.ref.hash] = found
            self._latest[plan] = _Latest(found, version)
        return found


def _published(fact: EventRecord) -> PinnedPlan | None:
    """Return the plan that came into force by a fact; None by others."""
    if fact.type != PlanPublished.__name__:
        return None
    read = decode(PUBLICATION, fact.type, fact.schema_version, fact.data)
    assert isinstance(read, PlanPublished), read  # noqa: S101 - its kind says so
    return PinnedPlan(ref=read.ref, plan=read.plan)
