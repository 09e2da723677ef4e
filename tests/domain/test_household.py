"""Households: whose they are, and who speaks for them."""

from sijill.domain import rulebook
from sijill.domain.case_facts import read_world
from sijill.domain.household import Name, assemble

IRAQ = rulebook.load("iraq")


def test_only_the_owners_enrollment_makes_a_head() -> None:
    """Without a roster, neither an application nor another ministry's enrollment names a head."""
    lines = ["spn H1 2024-01-01 ..", "spn H1 2024-01-01 .. by wfp", "spn H1 2024-01-01 .. proposed"]
    world = read_world(lines, IRAQ)

    family = assemble(Name("molsa", "spn-family", "H1"), world.persons, IRAQ)

    heads = [(m.role, m.line.ministry, m.line.detail.status) for m in family.members]  # type: ignore[union-attr]
    assert heads == [("HEAD", "molsa", "ACTIVE")]
    assert len(family.facts) == 3
