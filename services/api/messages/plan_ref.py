"""What pins a plan, as the contract can carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muster.v1.common_pb2 import PlanRef

from domain.limits import INT32_MAX

if TYPE_CHECKING:
    from domain.plan.model import plan


def carried(ref: plan.PlanRef) -> PlanRef:
    """Return a plan's reference as a message."""
    return of_parts(ref.id, ref.version, ref.hash)


def of_parts(plan: str, version: int, digest: str) -> PlanRef:
    """Do the same from its parts; a version that is too large is told in full beside the field."""
    beyond = str(version) if version > INT32_MAX else ""
    return PlanRef(id=plan, version=at_most(version), hash=digest, exact_version=beyond)


def at_most(count: int) -> int:
    """Return a number, or the largest that the contract can carry: a log may hold larger ones."""
    return min(count, INT32_MAX)


def edition(ref: PlanRef) -> str:
    """Return a plan's version in full."""
    return ref.exact_version or str(ref.version)
