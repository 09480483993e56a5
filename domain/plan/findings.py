"""What can be wrong with a plan: every code, how grave it is, and what is said of it."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """Whether a plan with the finding may come into force."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Names a kind of finding, for people, programs and suppressions."""

    CONTACT_UNKNOWN = "contact-unknown"
    POST_UNKNOWN = "post-unknown"
    GROUP_UNKNOWN = "group-unknown"
    RESOURCE_KIND_UNKNOWN = "resource-kind-unknown"
    LEVEL_UNKNOWN = "level-unknown"
    HAZARD_UNKNOWN = "hazard-unknown"
    ID_DUPLICATE = "id-duplicate"
    GROUP_CYCLE = "group-cycle"
    COMMAND_WITHOUT_DEPUTY = "command-without-deputy"
    POST_WITHOUT_DEPUTY = "post-without-deputy"
    STAND_IN_REPEATED = "stand-in-repeated"
    PERSON_WITH_TWO_POSTS = "person-with-two-posts"
    APPROVAL_BY_AUTHOR = "approval-by-author"
    NOTICE_WITHOUT_TEMPLATE = "notice-without-template"
    START_BEFORE_ACKNOWLEDGEMENT = "start-before-acknowledgement"
    FINISH_BEFORE_ACKNOWLEDGEMENT = "finish-before-acknowledgement"
    FINISH_BEFORE_START = "finish-before-start"
    NEVER_DUE = "never-due"
    PHASE_WITHOUT_TASKS = "phase-without-tasks"
    LEVEL_WITHOUT_TASKS = "level-without-tasks"
    CADENCE_SLOWER_WHEN_GRAVER = "cadence-slower-when-graver"
    CADENCE_MISSING = "cadence-missing"
    CADENCE_UNUSED = "cadence-unused"
    REQUIRED_REPORT_NOT_OWED = "required-report-not-owed"
    NO_STATUTORY_REPORT = "no-statutory-report"
    COLOUR_MISSING = "colour-missing"
    SUPPLY_BELOW_MINIMUM = "supply-below-minimum"
    TEXT_EMPTY = "text-empty"
    LANGUAGE_MISSING = "language-missing"


class Finding(NamedTuple):
    """Something that a plan says and should not, or should say and doesn't."""

    code: Code
    severity: Severity
    where: str
    """A JSON pointer into the plan: `/tasks/3/post`."""
    what: Text
    meant: str | None = None
    """The known name that is nearest to an unknown one."""

    @property
    def is_error(self) -> bool:
        """Tell whether the plan can't come into force with it."""
        return self.severity is Severity.ERROR


def finding(code: Code, where: str, **found: object) -> Finding:
    """Return a finding with what was found filled into its text."""
    severity, zh, en = TEXTS[code]
    return Finding(code, severity, where, Text.of(zh.format(**found), en.format(**found)))


def unknown(code: Code, where: str, name: str, known: Iterable[str]) -> Finding:
    """Return a finding about a name that nothing has, with the nearest one that something has."""
    nearest = get_close_matches(name, list(known), n=1)
    return finding(code, where, name=name)._replace(meant=nearest[0] if nearest else None)


ERROR, WARNING = Severity.ERROR, Severity.WARNING

TEXTS: dict[Code, tuple[Severity, str, str]] = {
    Code.CONTACT_UNKNOWN: (
        ERROR,
        "通讯录中没有“{name}”",
        "no contact is called '{name}'",
    ),
    Code.POST_UNKNOWN: (
        ERROR,
        "没有名为“{name}”的岗位",
        "no post is called '{name}'",
    ),
    Code.GROUP_UNKNOWN: (
        ERROR,
        "没有名为“{name}”的工作组",
        "no group is called '{name}'",
    ),
    Code.RESOURCE_KIND_UNKNOWN: (
        ERROR,
        "没有名为“{name}”的资源类别",
        "no resource kind is called '{name}'",
    ),
    Code.LEVEL_UNKNOWN: (
        ERROR,
        "预案未规定{name}级响应",
        "the plan has no response level {name}",
    ),
    Code.HAZARD_UNKNOWN: (
        ERROR,
        "预案的适用事件不包括“{name}”",
        "the plan is not for the hazard '{name}'",
    ),
    Code.ID_DUPLICATE: (
        ERROR,
        "“{name}”已在 {first} 使用，须换一个名称",
        "'{name}' is already used at {first}; each needs a name of its own",
    ),
    Code.GROUP_CYCLE: (
        ERROR,
        "工作组“{name}”是自己的上级：{path}",
        "the group '{name}' is above itself: {path}",
    ),
    Code.COMMAND_WITHOUT_DEPUTY: (
        ERROR,
        "指挥岗位“{name}”没有副职：无人应答时指挥权无人接替",
        "the commanding post '{name}' has no deputy: if its holder is silent, nobody commands",
    ),
    Code.POST_WITHOUT_DEPUTY: (
        WARNING,
        "岗位“{name}”没有副职，缺岗时只能由总指挥接替",
        "the post '{name}' has no deputy; its duties fall to the commander at once",
    ),
    Code.STAND_IN_REPEATED: (
        WARNING,
        "“{name}”在岗位“{post}”中出现两次",
        "'{name}' is named twice in the post '{post}'",
    ),
    Code.PERSON_WITH_TWO_POSTS: (
        WARNING,
        "“{name}”同时担任多个岗位：{posts}",
        "'{name}' holds more than one post: {posts}",
    ),
    Code.APPROVAL_BY_AUTHOR: (
        ERROR,
        "岗位“{name}”起草的公告没有第二人可以审批",
        "nobody but its author can approve a notice that the post '{name}' drafts",
    ),
    Code.NOTICE_WITHOUT_TEMPLATE: (
        WARNING,
        "没有公告模板，紧急时须从零起草",
        "no notice has a template; in an emergency each is written from nothing",
    ),
    Code.START_BEFORE_ACKNOWLEDGEMENT: (
        ERROR,
        "开始时限（{start}）早于确认时限（{acknowledge}）",
        "due to start within {start}, sooner than to be acknowledged ({acknowledge})",
    ),
    Code.FINISH_BEFORE_ACKNOWLEDGEMENT: (
        ERROR,
        "完成时限（{finish}）早于确认时限（{acknowledge}）",
        "due to be finished within {finish}, sooner than to be acknowledged ({acknowledge})",
    ),
    Code.FINISH_BEFORE_START: (
        ERROR,
        "完成时限（{finish}）早于开始时限（{start}）",
        "due to be finished within {finish}, sooner than to be started ({start})",
    ),
    Code.NEVER_DUE: (
        ERROR,
        "“{name}”永远不会触发：所在阶段没有任务，或未规定响应级别",
        "'{name}' never falls due: no phase that begins with duties, or no response level",
    ),
    Code.PHASE_WITHOUT_TASKS: (
        ERROR,
        "{phase}阶段没有任何任务",
        "nobody has a task in the phase {phase}",
    ),
    Code.LEVEL_WITHOUT_TASKS: (
        ERROR,
        "发生“{hazard}”时，{level}级响应没有任何任务",
        "at level {level} nobody has a task when the hazard is '{hazard}'",
    ),
    Code.CADENCE_SLOWER_WHEN_GRAVER: (
        WARNING,
        "{level}级的报送间隔（{span}）比较低的{lower}级（{lower_span}）还长",
        "at level {level} every {span}, less often than at the lower level {lower} ({lower_span})",
    ),
    Code.CADENCE_MISSING: (
        WARNING,
        "未规定{level}级的报送间隔：该级别下只报送一次",
        "no cadence for level {level}: there the report is owed only once",
    ),
    Code.CADENCE_UNUSED: (
        WARNING,
        "报告“{name}”不在该报送间隔适用的阶段内",
        "the report '{name}' is not owed in any phase that this cadence is for",
    ),
    Code.REQUIRED_REPORT_NOT_OWED: (
        ERROR,
        "终止响应前须提交“{name}”，但响应阶段没有人负责报送",
        "'{name}' must be filed before the response ends, but nobody owes it in the response",
    ),
    Code.NO_STATUTORY_REPORT: (
        WARNING,
        "没有注明依据的法定报告（国务院令第493号第九条：一小时内上报）",
        "no report names the law that asks for it (State Council Decree 493, art. 9: in one hour)",
    ),
    Code.COLOUR_MISSING: (
        WARNING,
        "未规定{colour}预警的条件（突发事件应对法第六十三条：四级预警）",
        "no criteria for a {colour} warning (Emergency Response Law, art. 63: four colours)",
    ),
    Code.SUPPLY_BELOW_MINIMUM: (
        WARNING,
        "现有{quantity}，低于最低储备{minimum}",
        "{quantity} in stock, fewer than the minimum of {minimum}",
    ),
    Code.TEXT_EMPTY: (
        ERROR,
        "文本至少要有一种语言（zh 或 en）",
        "a text needs at least one language (zh or en)",
    ),
    Code.LANGUAGE_MISSING: (
        WARNING,
        "缺少{language}文本，而预案其他文本有",
        "not said in {language}, as other texts of the plan are",
    ),
}
"""How grave each is, and what is said of it in Chinese and in English."""
