"""What is otherwise at one venue: who holds and stands in for posts, what is in stock.

What an override names and the plan does not know is left alone; the check tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.plan.model.means import Supply
    from domain.plan.model.organisation import Group, Post
    from domain.plan.model.space import Overrides


def groups_with(groups: Sequence[Group], by: Overrides) -> tuple[Group, ...]:
    """Return the groups with the people of a venue."""
    return tuple(
        group.model_copy(update={"posts": tuple(_held(post, by) for post in group.posts)})
        for group in groups
    )


def supplies_with(supplies: Sequence[Supply], by: Overrides) -> tuple[Supply, ...]:
    """Return the supplies with the stock of a venue."""
    return tuple(_stocked(supply, by) for supply in supplies)


def _held(post: Post, by: Overrides) -> Post:
    """Where somebody else holds a post, the plan's shifts are not theirs."""
    otherwise: dict[str, object] = {}
    if post.id in by.holders:
        otherwise |= {"holder": by.holders[post.id], "shifts": ()}
    if post.id in by.deputies:
        otherwise["deputies"] = by.deputies[post.id]
    return post.model_copy(update=otherwise)


def _stocked(supply: Supply, by: Overrides) -> Supply:
    """Where another number is in stock, the plan's lots are not there."""
    otherwise: dict[str, object] = {}
    if supply.id in by.supplies:
        otherwise |= {"quantity": by.supplies[supply.id], "lots": ()}
    if supply.id in by.minimums:
        otherwise["minimum"] = by.minimums[supply.id]
    return supply.model_copy(update=otherwise)
