"""Positions of a plan, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from domain.plan.model.plan import Plan, Post


def posts_at(plan: Plan) -> Iterator[tuple[str, Post]]:
    """Return each post with where it stands."""
    for n, group in enumerate(plan.groups):
        for k, post in enumerate(group.posts):
            yield f"/groups/{n}/posts/{k}", post
