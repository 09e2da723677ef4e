"""What leaves of persons: for the hub's own readers, each change of what the registry says."""

from collections.abc import Iterable
from functools import cache

import schemas
from sijill import topics
from sijill.adapters import wire
from sijill.adapters.avro_encoder import Encoder, compile_encoder
from sijill.adapters.registry.outlet import Row
from sijill.adapters.registry.plain import Said
from sijill.domain import alerts
from sijill.domain.event import EPOCH


@cache
def _encoder() -> Encoder:
    # The relay puts the version in front.
    return compile_encoder(schemas.text("person"), without=("version",))


def rows(
    hub_key: bytes,
    changed: dict[bytes, Said],
    gone: Iterable[bytes],
    *,
    revision: int,
) -> list[Row]:
    """Return the changed persons, with their programmes and open alerts, and tombstones."""
    topic, schema_id = topics.name("person"), schemas.current("person").id
    told = [
        _row(topic, schema_id, revision, key=alerts.keyed(hub_key, b"person", key), said=said)
        for key, said in sorted(changed.items())
    ]
    return told + [
        Row(topic, alerts.keyed(hub_key, b"person", key), revision, None, schema_id, None, None)
        for key in sorted(gone)
    ]


def _row(
    topic: str,
    schema_id: int,
    revision: int,
    *,
    key: bytes,
    said: Said,
) -> Row:
    person, programmes, open_alerts = said
    record = {
        "given": person.given,
        "father": person.father,
        "grandfather": person.grandfather,
        "great_grandfather": person.great_grandfather,
        "family": person.family,
        "mother_given": person.mother_given,
        "mother_father": person.mother_father,
        "sex": person.sex or "UNKNOWN",
        "birth_date": None if person.birth is None else person.birth - EPOCH,
        "birth_precision": person.birth_precision,
        "death_date": None if person.death is None else person.death - EPOCH,
        "governorate": person.governorate,
        "programmes": programmes,
        "open_alerts": open_alerts,
    }
    value = _encoder()(record)
    digest = wire.body_content(value)
    return Row(topic, key, revision, digest, schema_id, value, None)
