"""What a rule must keep beyond its form: exceptions, doubts, texts and golden cases that fit."""

from collections.abc import Mapping
from string import Formatter

from sijill.domain.rulebook.model import LANGUAGES, LoadError, Rule

PLACEHOLDERS = frozenset(
    {"left", "right", "months", "since", "amount", "cite", "exception", "count"}
    | {"period", "ceiling", "income", "run_off", "death"}
)
CAUTION = {"en": "To be examined", "ar": "للتدقيق"}
"""No alert says more than this: it is a signal, never a decision."""


def check(rule: Rule, content: Mapping[str, object]) -> None:
    """Check a parsed rule against its file's content. Raises LoadError at the first fault."""
    for test in (_shape, _exceptions, _texts, _cases):
        test(rule)
    for doubt in rule.unsure:
        if not _exists(content, doubt.on):
            raise _error(rule, "unsure", f"is on {doubt.on!r}, which this file does not have")


def _error(rule: Rule, field: str, reason: str) -> LoadError:
    return LoadError(rule.file, rule.id, field, reason)


_SHAPES = {
    # type: (facts of the left side, facts of the right side, period, parameter that it needs)
    "OVL-PAIR": (("enrollment",), ("enrollment", "income"), "day", ""),
    "OVL-DUP-ENR": (("enrollment",), (), "day", ""),
    "PAY-DUP": (("payment",), (), "key", ""),
    "PAY-AFTER-DEATH": (("payment",), (), "day", "run_off"),
    "OVL-HH": (("enrollment",), ("income",), "month", "ceiling"),
}


def _shape(rule: Rule) -> None:
    """Each type has its own sides and its own test; what does not fit is not approximated."""
    lefts, rights, period, needed = _SHAPES[rule.type]
    if rule.left.fact not in lefts:
        raise _error(rule, "sides.left.fact", f"must be {' or '.join(lefts)} for {rule.type}")
    right = rule.right.fact if rule.right else None
    if (right not in rights) if rights else (right is not None):
        raise _error(rule, "sides.right", f"must be {' or '.join(rights) or 'absent'}")
    if rule.period != period:
        raise _error(rule, "test.period", f"must be {period!r} for {rule.type}")
    given = {"ceiling": rule.ceiling, "run_off": rule.run_off}
    for name, value in given.items():
        if (value is not None) != (name == needed):
            raise _error(rule, "test", f"{'lacks' if name == needed else 'cannot have'} {name}")
    # Only checks of one programme against itself may leave it open which.
    if rule.right and not (rule.left.keys and rule.right.keys):
        raise _error(rule, "sides", "must name the programmes or classes that meet")
    if rule.right and rule.left.keys & rule.right.keys:
        raise _error(rule, "sides", "must not name one programme on both sides")
    if rule.type == "OVL-HH" and (rule.left.holder, rule.right and rule.right.holder) != (
        "household",
        "member",
    ):
        raise _error(rule, "sides", "must be a household's enrollment and a member's income")


def _exceptions(rule: Rule) -> None:
    """Each exception overrides something that exists, and no two are of equal rank."""
    versions = {version.label for _, _, version in rule.in_force}
    over = {exemption.label: exemption.over for exemption in rule.exemptions}
    overridden: dict[str, str] = {}
    for exemption in rule.exemptions:
        label = exemption.label
        seen = {label}
        below = exemption.over
        while below not in versions:
            if below in seen or below not in over:
                raise _error(rule, f"exception {label}.over", f"leads to {below!r}: no version")
            seen.add(below)
            below = over[below]
        if exemption.over in overridden:
            other = overridden[exemption.over]
            raise _error(rule, f"exception {label}.over", f"is of equal rank with {other!r}")
        overridden[exemption.over] = label
    if len(over) != len(rule.exemptions) or versions & over.keys():
        raise _error(rule, "exception", "says one label twice")


def _texts(rule: Rule) -> None:
    """Both languages say the same things, and no text claims more than a signal."""
    verdicts = {version.verdict for _, _, version in rule.in_force}
    verdicts |= {exemption.verdict for exemption in rule.exemptions}
    needed = {"raised"} | ({"permitted"} if "permitted" in verdicts else set())
    for name in needed - rule.texts.keys():
        raise _error(rule, f"texts.{name}", "is missing")
    for name, texts in rule.texts.items():
        used = {lang: _placeholders(rule, name, texts[lang]) for lang in LANGUAGES}
        if used["en"] != used["ar"]:
            raise _error(rule, f"texts.{name}", "must use the same placeholders in each language")
        for placeholder in used["en"] - PLACEHOLDERS:
            raise _error(rule, f"texts.{name}", f"uses {{{placeholder}}}, which is not known")
        for lang in LANGUAGES:
            if name == "raised" and CAUTION[lang] not in texts[lang]:
                raise _error(rule, f"texts.raised.{lang}", f"must say {CAUTION[lang]!r}")


def _placeholders(rule: Rule, name: str, text: str) -> set[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise _error(rule, f"texts.{name}", f"has braces that do not pair: {error}") from error
    # A plain name only: a format or an attribute could reach what no text should say.
    return {
        f"{field}{conversion or ''}{spec}"
        for _, field, spec, conversion in parts
        if field is not None
    }


def _cases(rule: Rule) -> None:
    """At least three golden cases: one that raises, one that does not, one that changes."""
    thens = [case.then for case in rule.cases]
    raising = any(then.get("raised") for case in thens for then in case)
    silent = any(not then.get("raised") for case in thens for then in case)
    changing = any(len(case) > 1 for case in thens)
    if len(thens) < 3 or not (raising or not _can_raise(rule)) or not silent or not changing:
        raise _error(rule, "case", "must be three or more: plain, changed, and not raised")
    if rule.exemptions and not any(then.get("permitted") for case in thens for then in case):
        raise _error(rule, "case", "must show an exception at work")


def _can_raise(rule: Rule) -> bool:
    return any(version.verdict == "exclusive" for _, _, version in rule.in_force)


def _exists(content: object, path: str) -> bool:
    """Whether a dotted path leads somewhere in a file; a list is entered by an entry's label."""
    for part in path.split("."):
        if isinstance(content, list):
            content = next((row for row in content if row.get("label") == part), None)
        elif isinstance(content, dict):
            content = content.get(part)
        else:
            return False
    return content is not None
