"""Proof that a number which everybody carries makes nobody one person, at scale and both ways."""

import dataclasses
from collections.abc import Iterator

import pytest

from sijill.domain.identity import SATURATION
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, enrollment, person

RECORDS = 100_000
SHARED = ("BENEFICIARY_NUMBER", "0000-SHARED-7")
NAMES = ("علي", "حسن", "زينب", "مريم", "كريم", "سعاد", "نور", "هدى", "جاسم", "رند")


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def someone(number: int) -> dict[str, object]:
    """Return a person that carries the shared number and little else."""
    return person(
        ids=[SHARED],
        given=NAMES[number % len(NAMES)],
        sex="MALE",
        birth_date=f"{1940 + number % 60}-01-01",
        birth_precision="YEAR",
    )


@pytest.mark.long
def test_hundred_thousand_records_sharing_one_number(hub: Hub) -> None:
    """A saturated number links nothing, whoever carries it, and costs no more than another."""
    hub.publish("molsa", *(enrollment(f"e{n}", "spn", someone(n)) for n in range(RECORDS)))

    hub.run()

    assert hub.rows("SELECT count(*) FROM person") == [(RECORDS,)]
    assert hub.rows("SELECT saturated, cluster FROM identifier") == [(True, None)]


def test_number_links_again_when_few_carry_it(hub: Hub) -> None:
    """Taken away from all but few people, the number joins those who are left, and their alerts."""
    crowd = [enrollment(f"e{n}", "spn", someone(n)) for n in range(SATURATION + 1)]
    gone = [
        enrollment(f"e{n}", "spn", someone(n), source_seq=2, status="VOID")
        for n in range(1, SATURATION + 1)
    ]
    hub.publish("molsa", *crowd, enrollment("again", "spn", someone(0)))

    with hub.registrar() as loop:
        hub.drain(loop)
        apart = (hub.rows("SELECT count(*) FROM person"), hub.alerts())
        hub.publish("molsa", *gone)
        hub.drain(loop)

    assert apart == ([(SATURATION + 2,)], [])
    assert hub.rows("SELECT count(*) FROM person") == [(1,)]
    assert len(hub.alerts()) == 1
    assert hub.rows("SELECT count(*) FROM carrier") == [(0,)]
