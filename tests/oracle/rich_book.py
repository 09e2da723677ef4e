"""The first country's book with more law: dated versions, exceptions of exceptions, doubts."""

from sijill.domain import rulebook

PENSION = """
id = "iq.spn.pension"
type = "OVL-PAIR"
reviewed = 2026-01-01
severity = "normal"
materiality = 150000
title = { en = "x", ar = "x" }
[sources]
first = { cite = "first", published = 2014-01-01 }
second = { cite = "second", published = 2026-02-01 }
third = { cite = "third", published = 2026-05-01 }
[sides]
left = { fact = "enrollment", programme = ["spn", "food-basket"], holder = "person", sees = [] }
right = { fact = "enrollment", programme = ["pension", "rafha"], holder = "person", sees = [] }
[test]
period = "day"
[[version]]
label = "base"
from = 2014-01-01
verdict = "exclusive"
source = "first"
settle_days = 40
[[version]]
label = "stricter"
from = 2026-03-10
verdict = "exclusive"
source = "second"
settle_days = 3
[[version]]
label = "allowed"
from = 2026-04-20
verdict = "permitted"
source = "second"
[[version]]
label = "again"
from = 2026-05-15
verdict = "exclusive"
source = "second"
[[version]]
label = "later"
from = 2026-09-01
verdict = "exclusive"
source = "third"
[[exception]]
label = "waived"
over = "stricter"
from = 2026-03-20
when = { fact = "waiver", code = "court-order" }
verdict = "permitted"
source = "second"
[[exception]]
label = "widows"
over = "waived"
from = 2026-04-01
when = { fact = "category", code = "WIDOW" }
verdict = "exclusive"
source = "second"
[[exception]]
label = "pensioned"
over = "again"
from = 2026-05-10
when = { fact = "waiver", code = "court-order", side = "right" }
verdict = "none"
source = "third"
retroactive = false
[texts]
raised = { en = "To be examined", ar = "للتدقيق" }
permitted = { en = "x", ar = "x" }
"""

SALARY = """
id = "iq.spn.public-salary"
type = "OVL-HH"
reviewed = 2026-01-01
severity = "normal"
title = { en = "x", ar = "x" }
[sources]
first = { cite = "first", published = 2014-01-01 }
second = { cite = "second", published = 2026-02-15 }
[sides]
left = { fact = "enrollment", programme = ["spn", "food-basket"], holder = "household", sees = [] }
[sides.right]
fact = "income"
class = ["public-salary", "pension"]
holder = "member"
role = ["head", "spouse"]
sees = []
[test]
period = "month"
amount = { sum = "right", op = ">", than = "ceiling" }
[params.ceiling]
unit = "IQD/month"
values = [
  { from = 2025-07-01, value = 0, source = "first" },
  { from = 2026-01-01, value = 450_000, source = "second", retroactive = true },
]
[[version]]
label = "base"
from = 2014-01-01
verdict = "exclusive"
source = "first"
settle_days = 12
[[version]]
label = "next"
from = 2026-04-10
verdict = "exclusive"
source = "second"
[[exception]]
label = "waived"
over = "base"
from = 2014-01-01
when = { fact = "waiver", code = "court-order" }
verdict = "permitted"
source = "first"
[[unsure]]
on = "params.ceiling"
what = "x"
ask = "x"
effect = "taint"
[texts]
raised = { en = "To be examined", ar = "للتدقيق" }
permitted = { en = "x", ar = "x" }
"""


def files() -> dict[str, bytes]:
    """Return the book's files; they are parsed with a day of knowledge, which asks for no cases."""
    changed = {"rules/spn-pension.toml": PENSION, "rules/spn-public-salary.toml": SALARY}
    return rulebook.read("iraq") | {name: text.encode() for name, text in changed.items()}
