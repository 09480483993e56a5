"""What a notification says, in Chinese and English, from the pinned plan."""

from __future__ import annotations

from dataclasses import dataclass

from domain.incident.events.duties import Message
from domain.incident.state.incident import Incident
from domain.plan.model.plan import Plan
from domain.texts import in_a_line, visible
from domain.values import Mode, Text

SUBJECTS = {
    Message.TASK_ASSIGNED: Text.of("任务：{what}", "Task: {what}"),
    Message.TASK_ESCALATED: Text.of(
        "任务无人确认，请您处理：{what}", "Nobody acknowledged, please take over: {what}"
    ),
    Message.TASK_OVERDUE: Text.of("任务逾期：{what}", "Task overdue: {what}"),
    Message.TASK_IMPOSSIBLE: Text.of("任务无法完成：{what}", "Task can't be done: {what}"),
    Message.TASK_UNANSWERED: Text.of(
        "任务无人应答：{what}", "Nobody of the chain answered: {what}"
    ),
    Message.POST_OFFERED: Text.of("请接任：{what}", "Please take the post: {what}"),
    Message.POST_VACANT: Text.of("岗位空缺：{what}", "Post vacant: {what}"),
    Message.REPORT_OVERDUE: Text.of("报告逾期：{what}", "Report overdue: {what}"),
    Message.NOTICE_OVERDUE: Text.of("尚未发布首次公告", "The first public notice is overdue"),
    Message.NOTICE_MISSED: Text.of(
        "应发布的公告尚未发布：{what}", "The public has not been told in time: {what}"
    ),
    Message.PUBLIC_NOTICE: Text.of("公告", "Notice"),
    Message.UNIT_OVERDUE: Text.of("力量未按时到达：{what}", "Units are late: {what}"),
    Message.RESOURCE_UNAVAILABLE: Text.of("无可用力量：{what}", "No unit to be had: {what}"),
    Message.RESPONSE_ACTIVATED: Text.of("已启动应急响应", "The response was activated"),
    Message.RESPONSE_TERMINATED: Text.of("应急响应已结束", "The response was terminated"),
}

EXERCISE = Text.of("【演练】", "[EXERCISE] ")


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it goes out."""

    key: str
    """Names the message for good: whoever gets it twice can tell."""
    to: str
    """The contact's id."""
    subject: str
    body: str
    incident: str
    message: str
    """A value of `Message`, or what a monitor of the log says."""
    about: str
    exercise: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be said."""

    incident_id: str
    notification: str
    to: str
    message: Message
    about: str
    titles: dict[str, Text]
    """Of tasks and requests that the plan does not name, by their key."""
    notice: Text | None = None
    """The public notice, if it is one."""


def written(wanted: Wanted, incident: Incident, plan: Plan) -> Written:
    """Return a message with both languages; an exercise says so first."""
    what = wanted.titles.get(wanted.about) or _title(wanted.about, plan)
    practising = incident.mode is Mode.EXERCISE
    zh, en = (_in(language, wanted, what, incident, plan) for language in ("zh", "en"))
    mark = EXERCISE.said_in("zh") + EXERCISE.said_in("en") if practising else ""
    return Written(
        key=f"{wanted.incident_id}/{wanted.notification}",
        to=wanted.to,
        subject=in_a_line(" ".join(f"{mark}{zh[0]} / {en[0]}".split())),
        body=visible(f"{mark}\n{zh[1]}\n\n{en[1]}\n".lstrip()),
        incident=wanted.incident_id,
        message=wanted.message,
        about=wanted.about,
        exercise=practising,
    )


def _in(
    language: str, wanted: Wanted, what: Text, incident: Incident, plan: Plan
) -> tuple[str, str]:
    subject = SUBJECTS[wanted.message].said_in(language).format(what=what.said_in(language))
    if wanted.notice is not None:
        return subject, wanted.notice.said_in(language)
    venue = next(venue.title for venue in plan.venues if venue.id == incident.venue)
    facts = {
        "zh": ("场所", "预案", "事件编号"),
        "en": ("Venue", "Plan", "Incident"),
    }[language]
    values = (venue.said_in(language), plan.title.said_in(language), wanted.incident_id)
    lines = [f"{name}: {value}" for name, value in zip(facts, values, strict=True)]
    return subject, "\n".join((subject, *lines))


def _title(about: str, plan: Plan) -> Text:
    """Return what the plan calls a duty; its own key when the plan does not know it."""
    topic, _, subject = about.partition("/")
    known: dict[str, Text] = {}
    match topic:
        case "task":
            known = {task.id: task.title for task in plan.tasks}
        case "post":
            known = {post.id: post.title for post in plan.posts.values()}
        case "report":
            known = {report.id: report.title for report in plan.reports}
        case "notice-rule":
            known = {rule.id: rule.title for rule in plan.notices.rules}
    return known.get(subject) or Text.of(subject or about, subject or about)
