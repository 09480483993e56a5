"""What can be wrong with a plan's text before it is a plan: every code, and what is said of it."""

from __future__ import annotations

from enum import StrEnum

from domain.values import Text


class Fault(StrEnum):
    """Names a kind of fault, beside the codes of `domain.plan.findings`."""

    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_MANY_VALUES = "too-many-values"
    NOT_UTF8 = "not-utf8"
    CHARACTER_NOT_ALLOWED = "character-not-allowed"
    YAML_SYNTAX = "yaml-syntax"
    NOT_A_PLAN = "not-a-plan"
    SECOND_DOCUMENT = "second-document"
    TAG_NOT_ALLOWED = "tag-not-allowed"
    ALIAS_UNKNOWN = "alias-unknown"
    ALIAS_RECURSIVE = "alias-recursive"
    KEY_NOT_TEXT = "key-not-text"
    KEY_DUPLICATE = "key-duplicate"
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
    zh, en = TEXTS[fault]
    return Text.of(zh.format(**found), en.format(**found))


TEXTS: dict[Fault, tuple[str, str]] = {
    Fault.TOO_LARGE: (
        "文件超过 {limit} 字节",
        "larger than {limit} bytes",
    ),
    Fault.TOO_DEEP: (
        "嵌套超过 {limit} 层",
        "more than {limit} lists and mappings inside each other",
    ),
    Fault.TOO_MANY_VALUES: (
        "数值超过 {limit} 个（别名重复计算）",
        "more than {limit} values, counting those behind aliases wherever they stand",
    ),
    Fault.NOT_UTF8: (
        "文件不是 UTF-8 编码",
        "not UTF-8 text",
    ),
    Fault.CHARACTER_NOT_ALLOWED: (
        "YAML 不允许此字符",
        "a character that YAML does not allow",
    ),
    Fault.YAML_SYNTAX: (
        "YAML 语法错误：{problem}",
        "not YAML: {problem}",
    ),
    Fault.NOT_A_PLAN: (
        "不是预案：文件应由“键: 值”组成，以 id 和 version 开头",
        "not a plan: it must be a mapping that begins with id and version",
    ),
    Fault.SECOND_DOCUMENT: (
        "一个文件只能有一份预案",
        "a second document; a file holds one plan",
    ),
    Fault.TAG_NOT_ALLOWED: (
        "不允许使用标签“{name}”",
        "the tag '{name}' is not allowed",
    ),
    Fault.ALIAS_UNKNOWN: (
        "别名“*{name}”未定义",
        "the alias '*{name}' stands for nothing above it",
    ),
    Fault.ALIAS_RECURSIVE: (
        "别名“*{name}”包含自己",
        "the alias '*{name}' contains itself",
    ),
    Fault.KEY_NOT_TEXT: (
        "键必须是文本",
        "a key must be text",
    ),
    Fault.KEY_DUPLICATE: (
        "键“{name}”重复，第 {line} 行已有",
        "the key '{name}' is given twice; it is already on line {line}",
    ),
    Fault.KEY_UNKNOWN: (
        "未知的键“{name}”",
        "unknown key '{name}'",
    ),
    Fault.KEY_MISSING: (
        "缺少“{name}”",
        "'{name}' is missing",
    ),
    Fault.TYPE_WRONG: (
        "此处应为{expected}，而不是{found}",
        "{expected} is expected here, not {found}",
    ),
    Fault.ID_MALFORMED: (
        "名称“{value}”只能由小写字母、数字、点、连字符和下划线组成",
        "'{value}' is not a name: lower case letters, digits, dots, hyphens and underscores",
    ),
    Fault.SPAN_MALFORMED: (
        "“{value}”不是时限",
        "'{value}' is not a span of time",
    ),
    Fault.WORD_UNKNOWN: (
        "“{value}”不在可选值之内：{choices}",
        "'{value}' is none of {choices}",
    ),
    Fault.OUT_OF_RANGE: (
        "“{value}”超出范围：须{bound}",
        "'{value}' is out of range: it must be {bound}",
    ),
    Fault.EMPTY: (
        "不能为空",
        "must not be empty",
    ),
    Fault.TOO_LONG: (
        "不能超过 {limit} 个字符",
        "longer than {limit} characters",
    ),
    Fault.VALUE_WRONG: (
        "值无效：{problem}",
        "not valid: {problem}",
    ),
}
"""What is said of each, in Chinese and in English."""
