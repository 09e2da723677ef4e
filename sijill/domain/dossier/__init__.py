"""Everything that explains one alert: facts, law, exceptions, history, and what would change it.

`dossier` is pure: it says in one language what the registry holds. Days are ordinals here, the
last one of a period included; None is an open end.
"""

from collections.abc import Iterable

from sijill.domain import alerts, explain
from sijill.domain.dossier.ends import ends
from sijill.domain.dossier.facts import listed, rows, told, window
from sijill.domain.dossier.shapes import Case, DecisionTold, Dossier, Law, RuleTold, Tested
from sijill.domain.dossier.subject import next_change
from sijill.domain.event import INF
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rules.conclude import holds
from sijill.domain.rules.overlap import Overlap
from sijill.domain.timeline import value_at

__all__ = ["Case", "Dossier", "dossier"]


def dossier(case: Case, book: Book, *, as_of: int, lang: str) -> Dossier:
    """Return the explanation of an alert in a language ("en" or "ar")."""
    overlap = case.overlap
    # A rule that the book no longer has, or in words that it no longer has, cannot be told.
    telling = (r for r in book.rules if r.id == overlap.rule and overlap.verdict in r.texts)
    rule = next(telling, None)
    facts = list(listed(case, rule, book))
    day, why = _time(case, rule, book, as_of)
    standing = case.subject if rule is not None and case.open else None
    raised = standing is not None and overlap.verdict == "raised"
    return Dossier(
        alert=case.alert.hex(),
        lang=lang,
        sentence=explain.reason(overlap, book, lang) if rule else explain.REPEALED[lang],
        state=case.history[-1].state if case.history else "",
        open=case.open,
        verdict=overlap.verdict,
        stage=case.stage,
        revision=case.revision,
        raised_on=case.raised_on,
        as_of=as_of,
        certainty=overlap.certainty,
        months=overlap.months,
        spans=overlap.spans,
        amount=overlap.amount,
        currency=overlap.currency,
        # Of what is permitted nobody is asked anything.
        asked=tuple((ministry, notice.hex()) for ministry, notice in case.asked)
        if overlap.verdict == "raised"
        else (),
        rule=_rule(rule, overlap, lang) if rule else None,
        tested=tuple(_tested(rule, overlap, lang)) if rule else (),
        facts=tuple(
            told(number, fact, book, counted=counted, lang=lang)
            for number, (fact, counted) in enumerate(facts, 1)
        ),
        rows=tuple(rows(facts, overlap)),
        window=window(facts, overlap, as_of),
        decisions=tuple(_decisions(case, rule)),
        history=case.history,
        ends=tuple(ends(overlap, case.subject, book, as_of=as_of, lang=lang))
        if raised and case.subject
        else (),
        next_change=day if day < INF else None,
        next_reason=why if day < INF else None,
    )


def _rule(rule: Rule, overlap: Overlap, lang: str) -> RuleTold:
    pieces = [(a, b) for a, b, version in rule.in_force if version.label == overlap.version]
    first, stop = pieces[-1] if pieces else (None, INF)
    named = [v.source for _, _, v in rule.in_force if v.label == overlap.version]
    named += [e.source for e in rule.exemptions if e.label == overlap.exception]
    sources = [rule.sources[name] for name in dict.fromkeys(named)]
    day = overlap.spans[-1][0]
    values = ((name, value_at(param.values, day), param.unit) for name, param in
              sorted(rule.params.items()))  # fmt: skip
    return RuleTold(
        id=rule.id,
        title=rule.title[lang],
        type=rule.type,
        severity=rule.severity,
        version=overlap.version,
        valid_from=first,
        valid_through=stop - 1 if stop < INF else None,
        law=tuple(Law(s.cite[lang], s.published, s.url) for s in sources),
        params=tuple((name, value, unit) for name, value, unit in values if value is not None),
        doubts=tuple((doubt.what, doubt.ask) for doubt in rule.unsure),
    )


def _tested(rule: Rule, overlap: Overlap, lang: str) -> Iterable[Tested]:
    for exemption in rule.exemptions:
        kind, code, side = exemption.when
        bearer = overlap.left if side == "left" else overlap.right
        if bearer is not None:
            yield Tested(
                exemption.label,
                kind,
                code,
                bearer.record_id,
                exemption.since,
                rule.sources[exemption.source].cite[lang],
                holds(exemption, bearer),
            )


def _decisions(case: Case, rule: Rule | None) -> Iterable[DecisionTold]:
    materiality = rule.materiality if rule else 0
    for answer, reason, note in case.said:
        yield DecisionTold(
            answer.ministry,
            answer.code,
            answer.until,
            reason,
            note,
            answer.occurred_at,
            alerts.covers(answer.basis, case.basis, materiality),
        )


def _time(case: Case, rule: Rule | None, book: Book, as_of: int) -> tuple[int, str]:
    """Return the day on which time alone changes the alert, and how."""
    if not case.open:
        return INF, ""
    days = [(INF, "")]
    if rule is not None and case.subject is not None:
        day = next_change(case.overlap, case.subject, book, as_of)
        grows = any(start < day <= stop for start, stop in case.overlap.spans)
        days.append((day, "grows" if grows else "begins"))
    answers = [said.answer for said in case.said]
    materiality = rule.materiality if rule else 0
    decided = alerts.decide(case.basis, answers, as_of=as_of, materiality=materiality)
    days.append((decided.next_change, "decision"))
    return min(days)
