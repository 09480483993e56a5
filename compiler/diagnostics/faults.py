"""What can be wrong with a plan's text before it is a plan: every code, and what is said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Kind, Severity
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fault(StrEnum):
    """Names a kind of fault, beside the codes of `compiler.diagnostics.findings`."""

    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_MANY_VALUES = "too-many-values"
    NOT_UTF8 = "not-utf8"
    CHARACTER_NOT_ALLOWED = "character-not-allowed"
    CHARACTER_UNSEEN = "character-unseen"
    YAML_SYNTAX = "yaml-syntax"
    NOT_A_PLAN = "not-a-plan"
    SECOND_DOCUMENT = "second-document"
    TAG_NOT_ALLOWED = "tag-not-allowed"
    ALIAS_UNKNOWN = "alias-unknown"
    ALIAS_RECURSIVE = "alias-recursive"
    KEY_NOT_TEXT = "key-not-text"
    KEY_DUPLICATE = "key-duplicate"
    KEY_IN_TWO_FILES = "key-in-two-files"
    KEY_UNKNOWN = "key-unknown"
    KEY_MISSING = "key-missing"
    TYPE_WRONG = "type-wrong"
    ID_MALFORMED = "id-malformed"
    SPAN_MALFORMED = "span-malformed"
    WORD_UNKNOWN = "word-unknown"
    OUT_OF_RANGE = "out-of-range"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    VALUE_WRONG = "value-wrong"


def said(fault: Fault, **found: object) -> Text:
    """Return what is wrong, with what was found filled in."""
    return said_in_each(fault, found, found)


def said_in_each(fault: Fault, zh: Mapping[str, object], en: Mapping[str, object]) -> Text:
    """Return what is wrong, with what was found as each language calls it."""
    kind = FAULTS[fault]
    return Text.of(kind.zh.format(**zh), kind.en.format(**en))


def _fault(
    fault: Fault, said: tuple[str, str], why: tuple[str, str], mend: tuple[str, str], text: str = ""
) -> Kind:
    zh, en = said
    return Kind(fault, Severity.ERROR, zh, en, Text.of(*why), Text.of(*mend), example=text)


_FAULTS = (
    _fault(
        Fault.TOO_LARGE,
        ("文件超过 {limit} 字节", "larger than {limit} bytes"),
        (
            "没有人写得出这么长的预案；多半是给错了文件，或文件里嵌了图片。",
            "People write no plan so long: it is the wrong file, or holds pictures.",
        ),
        ("给出预案本身；图纸另存。", "Give the plan itself; keep drawings elsewhere."),
    ),
    _fault(
        Fault.TOO_DEEP,
        ("嵌套超过 {limit} 层", "more than {limit} lists and mappings inside each other"),
        (
            "这样的文件只会耗尽读取者的内存，不是给人看的。",
            "Such a file exhausts whoever reads it; nobody wrote it to be read.",
        ),
        ("减少嵌套；预案最多只有几层。", "Nest less: a plan is a few levels deep."),
        "id: " + "[" * 40,
    ),
    _fault(
        Fault.TOO_MANY_VALUES,
        (
            "数值超过 {limit} 个（别名重复计算）",
            "more than {limit} values, counting those behind aliases wherever they stand",
        ),
        (
            "别名层层相套，几行就能展开成几十亿个值。",
            "Aliases of aliases make billions of values of a few lines.",
        ),
        ("把别名写开，或删去。", "Write out what the aliases stand for, or leave them out."),
    ),
    _fault(
        Fault.NOT_UTF8,
        ("文件不是 UTF-8 编码，像是 {likely}", "not UTF-8 text; it looks like {likely}"),
        (
            "编码不同，读到的汉字就不同；法庭上必须只有一种读法。",
            "In another encoding other characters are read; a court needs one reading.",
        ),
        ("以 UTF-8 保存文件。", "Save the file as UTF-8."),
    ),
    _fault(
        Fault.CHARACTER_NOT_ALLOWED,
        ("YAML 不允许此字符", "a character that YAML does not allow"),
        (
            "控制字符看不见，却会改变文件的读法。",
            "Control characters can't be seen, and change how a file is read.",
        ),
        ("删去该字符。", "Remove the character."),
        "id: a\x07b",
    ),
    _fault(
        Fault.CHARACTER_UNSEEN,
        (
            "第 {place} 个字符（{code}）是控制字符或方向标记",
            "character {place} ({code}) is a control or a mark of direction",
        ),
        (
            "这样的字符看不见，却能操纵终端，或使文字读来与实际不同。",
            "It can't be seen, but drives terminals, or lets a text read as another one.",
        ),
        ("删去该字符。", "Remove the character."),
        'purpose: {en: "evacuate\\u202Ewest"}',
    ),
    _fault(
        Fault.YAML_SYNTAX,
        ("YAML 语法错误：{problem}", "not YAML: {problem}"),
        ("读不懂的文件什么也不能执行。", "Nothing can be run of a file that can't be read."),
        (
            "看箭头所指之处：多半是缩进、引号或括号不成对。",
            "Look where the arrow points: indentation, a quote or a bracket, mostly.",
        ),
        "title: [crowding",
    ),
    _fault(
        Fault.NOT_A_PLAN,
        (
            "不是预案：文件应由“键: 值”组成，以 id 和 version 开头",
            "not a plan: it must be a mapping that begins with id and version",
        ),
        ("这里什么也没有，或是别的东西。", "There is nothing here, or something else."),
        ("从 `muster plan new` 写出的文件开始。", "Begin with what `muster plan new` writes."),
        "- one\n- two",
    ),
    _fault(
        Fault.SECOND_DOCUMENT,
        ("一个文件只能有一份预案", "a second document; a file holds one plan"),
        (
            "两份预案放在一个文件里，谁生效说不清。",
            "With two plans in a file nobody can say which is in force.",
        ),
        ("一个文件写一份，删去“---”。", "Write each into a file of its own, without `---`."),
        "id: one\n---\nid: two",
    ),
    _fault(
        Fault.TAG_NOT_ALLOWED,
        ("不允许使用标签“{name}”", "the tag '{name}' is not allowed"),
        (
            "标签会让读取者构造任意对象，预案只需要文本、数和列表。",
            "Tags make readers build objects; a plan needs texts, numbers and lists.",
        ),
        ("删去标签。", "Leave the tag out."),
        "id: !!python/name:os.system x",
    ),
    _fault(
        Fault.ALIAS_UNKNOWN,
        ("别名“*{name}”未定义", "the alias '*{name}' stands for nothing above it"),
        (
            "别名指向不存在的内容，等于这里是空的。",
            "What it stands for isn't there: nothing would be read here.",
        ),
        ("先用 & 定义，或写出内容。", "Define it above with &, or write out what is meant."),
        "id: *nothing",
    ),
    _fault(
        Fault.ALIAS_RECURSIVE,
        ("别名“*{name}”包含自己", "the alias '*{name}' contains itself"),
        ("包含自己的内容永远读不完。", "What contains itself is never read to the end."),
        ("写出内容，不用别名。", "Write out what is meant."),
        "groups: &all\n  - *all",
    ),
    _fault(
        Fault.KEY_NOT_TEXT,
        ("键必须是文本", "a key must be text"),
        (
            "预案的键都是名称；别的键没有东西会去读。",
            "All keys of a plan are names; nothing reads any other.",
        ),
        ("改为文本。", "Write a name."),
        "[1, 2]: one",
    ),
    _fault(
        Fault.KEY_DUPLICATE,
        (
            "键“{name}”重复，第 {line} 行已有",
            "the key '{name}' is given twice; it is already on line {line}",
        ),
        (
            "YAML 只留后一个，前面写的就悄悄丢了。",
            "YAML keeps the last one only: what was written first is silently lost.",
        ),
        ("合并成一个。", "Make them one."),
        "id: one\nid: two",
    ),
    _fault(
        Fault.KEY_IN_TWO_FILES,
        (
            "键“{name}”已在 {file} 第 {line} 行",
            "the key '{name}' is already in {file}, line {line}",
        ),
        (
            "同一件事在两个文件里说法可能不同，谁也不知道哪个算数。",
            "Two files may say two things of it, and nobody knows which is meant.",
        ),
        (
            "只留一处；列表可以分写在几个文件里。",
            "Leave it in one of them; only lists may go on in another file.",
        ),
    ),
    _fault(
        Fault.KEY_UNKNOWN,
        ("未知的键“{name}”", "unknown key '{name}'"),
        (
            "没有东西会读它：写的人以为说了，其实没说。",
            "Nothing reads it: whoever wrote it believes that it was said.",
        ),
        ("改成提示的键，或删去。", "Write the key that was meant, or leave it out."),
        "titel: {zh: 预案, en: A plan}",
    ),
    _fault(
        Fault.KEY_MISSING,
        ("缺少“{name}”", "'{name}' is missing"),
        (
            "缺了它，预案不知该怎么做；不作任何默认。",
            "Without it the plan doesn't say what to do, and nothing is assumed.",
        ),
        ("补上。", "Add it."),
        "id: one",
    ),
    _fault(
        Fault.TYPE_WRONG,
        ("此处应为{expected}，而不是{found}", "{expected} is expected here, not {found}"),
        ("写成别的形状，意思就要靠猜。", "In another shape one would have to guess what is meant."),
        ("按提示的形状写。", "Write it in the shape that is expected."),
        "id: one\nversion: soon",
    ),
    _fault(
        Fault.ID_MALFORMED,
        (
            "名称“{value}”只能由小写字母、数字、点、连字符和下划线组成",
            "'{value}' is not a name: lower case letters, digits, dots, hyphens and underscores",
        ),
        (
            "名称要在事件、路径和接口里原样使用。",
            "Names are used as they are in events, paths and calls.",
        ),
        ("用小写字母、数字和连字符。", "Use lower case letters, digits and hyphens."),
        "id: My Plan",
    ),
    _fault(
        Fault.SPAN_MALFORMED,
        ("“{value}”不是时限", "'{value}' is not a span of time"),
        ("没有单位的时限，可能差六十倍。", "A span without its unit may be wrong sixty-fold."),
        ("写作 90 s、3 min、1 h 或 30 d。", "Write 90 s, 3 min, 1 h or 30 d."),
        "command: {post: boss, accept_within: soon}",
    ),
    _fault(
        Fault.WORD_UNKNOWN,
        ("“{value}”不在可选值之内：{choices}", "'{value}' is none of {choices}"),
        ("只有列出的词会被执行。", "Only the words that are listed are run."),
        ("选用列出的词。", "Choose one that is listed."),
        "hazards: [flod]",
    ),
    _fault(
        Fault.OUT_OF_RANGE,
        ("“{value}”超出范围：须{bound}", "'{value}' is out of range: it must be {bound}"),
        (
            "超出范围的数在现实中不存在，多半是单位或符号错了。",
            "There is no such number in the world: the unit or the sign is wrong, mostly.",
        ),
        ("改到范围之内。", "Write one within the range."),
        "id: one\nversion: -1",
    ),
    _fault(
        Fault.EMPTY,
        ("不能为空", "must not be empty"),
        ("空的列表或文本等于没有说。", "An empty list or text says nothing."),
        ("填上，或删去该键。", "Fill it, or leave the key out."),
        "hazards: []",
    ),
    _fault(
        Fault.TOO_LONG,
        ("不能超过 {limit} 个字符", "longer than {limit} characters"),
        (
            "太长的文字在短信、屏幕和地图上都放不下。",
            "What is too long fits on no message, screen or map.",
        ),
        ("写短。", "Write less."),
        "id: " + "a" * 200,
    ),
    _fault(
        Fault.VALUE_WRONG,
        ("值无效：{problem}", "not valid: {problem}"),
        ("这样的值在现实中不存在。", "There is no such value in the world."),
        ("按提示改正。", "Correct it as is said."),
        "review: {next_on: 2026-02-30}",
    ),
)
FAULTS: dict[Fault, Kind] = {Fault(kind.code): kind for kind in _FAULTS}
"""What is said of each; the examples are whole texts."""
