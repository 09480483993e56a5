"""Stock: enough for the worst response, lots that add up and last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.analysis.demand import supplies_taken
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan

TAKERS_SHOWN_MAX = 6
"""Tasks that one finding lists."""

STOCK_BELOW_DEMAND = Kind(
    "stock-below-demand",
    Severity.WARNING,
    "“{name}”在{level}级响应（{hazard}）需要 {taken}，现有 {quantity}：{by}",
    "'{name}': {taken} needed at level {level} ({hazard}), {quantity} in stock: {by}",
    why=Text.of(
        "同时要做的事会互相争同一批物资，总有一件做不成。",
        "Tasks that run side by side take from one stock; one of them goes without.",
    ),
    mend=Text.of("补足库存，或减少任务的用量。", "Buy more, or let the tasks take less."),
    source="突发事件应对法 2024, art. 45; 国务院令第708号 (2019), art. 13",
    example="/supplies/0/demand: {II: 12}",
)
MINIMUM_BELOW_DEMAND = Kind(
    "minimum-below-demand",
    Severity.WARNING,
    "“{name}”的最低储备 {minimum} 少于{level}级响应所需的 {taken}",
    "the minimum of '{name}' is {minimum}, but level {level} takes {taken}",
    why=Text.of(
        "库存降到最低储备时不会报警，却已经不够一次响应。",
        "Nobody is told that stock is low until there is too little for one response.",
    ),
    mend=Text.of(
        "把 minimum 提高到最大需要量。", "Raise `minimum` to what the worst response takes."
    ),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies/0/minimum: 8",
)
LOTS_DONT_ADD_UP = Kind(
    "lots-dont-add-up",
    Severity.WARNING,
    "“{name}”各批次合计 {lots}，数量却写为 {quantity}",
    "the lots of '{name}' hold {lots} together, but its quantity is {quantity}",
    why=Text.of(
        "有一个数字是错的；盘点时才发现就晚了。",
        "One of the figures is wrong; the emergency is a bad time to find out which.",
    ),
    mend=Text.of("盘点后改正。", "Count, and correct it."),
    example="/supplies/1/lots/0/quantity: 4",
)
LOT_EXPIRES_BEFORE_REVIEW = Kind(
    "lot-expires-before-review",
    Severity.WARNING,
    "“{name}”的批次“{lot}”{expires}过期，早于下次复审（{review}）；其余 {rest}，最低储备 {minimum}",
    "lot '{lot}' of '{name}' expires on {expires}, before the review of {review}: "
    "{rest} are left then, the minimum is {minimum}",
    why=Text.of(
        "到下次复审之前没有人会再看这份清单，过期的物资却仍算在数内。",
        "Until the review nobody looks at the list; what has expired still counts in it.",
    ),
    mend=Text.of(
        "在过期前更换，并更新批次；或提前复审。",
        "Replace it in time and state the new lot, or review sooner.",
    ),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies/1/lots/1/expires_on: 2027-06-30",
)
SUPPLY_WITHOUT_USE = Kind(
    "supply-without-use",
    Severity.WARNING,
    "“{name}”有储备，但没有任务、特殊客户帮助或响应级别用到",
    "'{name}' is in stock, but no task, assistance or level takes any of it",
    why=Text.of(
        "需要量没有写明，就无法判断储备够不够。",
        "Where nothing says how much is needed, nobody can tell whether there is enough.",
    ),
    mend=Text.of(
        "在任务的 supplies 或物资的 demand 中写明用量。",
        "Say in a task's `supplies` or in its own `demand` how much is taken.",
    ),
    example="/tasks/2/supplies: {}",
)
SUPPLIES_MISSING = Kind(
    "supplies-missing",
    Severity.WARNING,
    "预案没有物资清单",
    "the plan has no list of supplies",
    why=Text.of(
        "应急物资、装备和器材必须储备并维护；没有清单就没有人管。",
        "Supplies and equipment must be kept and maintained; without a list nobody does.",
    ),
    mend=Text.of("写 supplies。", "List them in `supplies`."),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies: []",
)


def enough(plan: Plan) -> Iterator[Finding]:
    """Find supplies of which a response would take more than there is, or than is kept."""
    taken = supplies_taken(plan)
    for n, item in enumerate(plan.supplies):
        most = taken.get(item.id)
        if most is None:
            yield finding(SUPPLY_WITHOUT_USE, f"/supplies/{n}", name=item.id)
            continue
        said = {"name": item.id, "taken": most.pieces, "level": most.level.name}
        if most.pieces > item.quantity:
            more = len(most.by) > TAKERS_SHOWN_MAX
            listed = ", ".join([*most.by[:TAKERS_SHOWN_MAX], *(["…"] if more else [])])
            counted = {"quantity": item.quantity, "hazard": most.hazard, "by": listed}
            yield finding(STOCK_BELOW_DEMAND, f"/supplies/{n}/quantity", **said, **counted)
        if most.pieces > item.minimum:
            where = f"/supplies/{n}/minimum"
            yield finding(MINIMUM_BELOW_DEMAND, where, **said, minimum=item.minimum)


def lots(plan: Plan) -> Iterator[Finding]:
    """Find lots that don't add up, or don't last until somebody looks again."""
    for n, item in enumerate(plan.supplies):
        together = sum(lot.quantity for lot in item.lots)
        if item.lots and together != item.quantity:
            said = {"name": item.id, "lots": together, "quantity": item.quantity}
            yield finding(LOTS_DONT_ADD_UP, f"/supplies/{n}/lots", **said)
        rest = together
        for k, lot in enumerate(item.lots):
            if plan.review and lot.expires_on and lot.expires_on < plan.review.next_on:
                rest -= lot.quantity
                when = {"expires": lot.expires_on, "review": plan.review.next_on}
                said = {"name": item.id, "rest": rest, "minimum": item.minimum}
                where = f"/supplies/{n}/lots/{k}/expires_on"
                yield finding(LOT_EXPIRES_BEFORE_REVIEW, where, lot=lot.id, **when, **said)


def kept(plan: Plan) -> Iterator[Finding]:
    """Find plans that keep nothing in stock."""
    if not plan.supplies:
        yield finding(SUPPLIES_MISSING, "")


KINDS = (
    STOCK_BELOW_DEMAND,
    MINIMUM_BELOW_DEMAND,
    LOTS_DONT_ADD_UP,
    LOT_EXPIRES_BEFORE_REVIEW,
    SUPPLY_WITHOUT_USE,
    SUPPLIES_MISSING,
)
RULES = (enough, lots, kept)
