"""Stock serializers work against the lock file as against a registry; nothing can be changed."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

import schemas
from sijill.adapters import codec
from sijill.adapters.schema_server import SchemaServer

TOPICS = {
    "sijill.molsa.enrollment.v1": "enrollment",
    "sijill.trade.enrollment.v1": "enrollment",
    "sijill.trade.household.v1": "household",
    "sijill.alert.overlap.v1": "alert",
}
TOPIC = "sijill.molsa.enrollment.v1"
SUBJECT = f"{TOPIC}-value"
VALUE = SerializationContext(TOPIC, MessageField.VALUE)


@pytest.fixture(scope="module")
def server() -> Iterator[SchemaServer]:
    """A server of a few topics."""
    server = SchemaServer(TOPICS)
    yield server
    server.close()


@pytest.fixture
def client(server: SchemaServer) -> Iterator[SchemaRegistryClient]:
    """Confluent's own client, connected to it."""
    with SchemaRegistryClient({"url": server.url}) as client:
        yield client


def call(server: SchemaServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and answer of a plain HTTP call."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, content)
    answer = connection.getresponse()
    result = answer.status, json.loads(answer.read())
    connection.close()
    return result


@pytest.mark.parametrize(
    "settings",
    [
        {"auto.register.schemas": True},
        {"auto.register.schemas": False},
        {"auto.register.schemas": False, "use.latest.version": True},
        {"auto.register.schemas": True, "normalize.schemas": True},
    ],
)
def test_stock_serializers_write_what_we_write(
    client: SchemaRegistryClient, settings: dict[str, bool]
) -> None:
    """Confluent's serializer gives byte for byte our values, however it finds the schema's id."""
    serializer = AvroSerializer(client, schemas.text("enrollment"), conf=settings)
    for example in schemas.examples("enrollment"):
        record = codec.from_json("enrollment", example)

        assert serializer(record, VALUE) == codec.encode("enrollment", record)


def test_stock_deserializers_read_what_we_write(client: SchemaRegistryClient) -> None:
    """Confluent's deserializer reads an alert with nothing but the registry."""
    record = codec.from_json("alert", schemas.examples("alert")[0])
    context = SerializationContext("sijill.alert.overlap.v1", MessageField.VALUE)

    read: Any = AvroDeserializer(client)(codec.encode("alert", record), context)

    assert codec.encode("alert", read) == codec.encode("alert", record)


def test_layout_and_documentation_do_not_matter(server: SchemaServer) -> None:
    """A schema is known by its canonical form: clients strip and reorder its text."""
    schema = json.loads(schemas.text("enrollment"))
    del schema["doc"]
    status, answer = call(server, "POST", f"/subjects/{SUBJECT}", {"schema": json.dumps(schema)})

    assert status == 200
    assert {key: answer[key] for key in ("subject", "id", "version")} == {
        "subject": SUBJECT,
        "id": schemas.current("enrollment").id,
        "version": 1,
    }


def test_reading_the_registry(client: SchemaRegistryClient) -> None:
    """Subjects, versions, schemas and compatibility can be read with Confluent's client."""
    latest = client.get_latest_version(SUBJECT)

    assert client.get_subjects() == sorted(f"{topic}-value" for topic in TOPICS)
    assert client.get_versions(SUBJECT) == [1]
    assert latest.schema_id == schemas.current("enrollment").id
    assert latest.schema.schema_str == schemas.text("enrollment")
    assert client.get_version(SUBJECT, 1).schema_id == latest.schema_id
    assert client.get_schema(latest.schema_id).schema_str == schemas.text("enrollment")
    assert client.get_compatibility() == "FULL_TRANSITIVE"
    assert client.test_compatibility(SUBJECT, latest.schema)


def test_unknown_schemas_are_not_registered(client: SchemaRegistryClient) -> None:
    """A serializer with a schema of its own is told so when it is first used."""
    other = AvroSerializer(client, '{"type": "record", "name": "Other", "fields": []}')

    with pytest.raises(SchemaRegistryError) as caught:
        other({}, VALUE)
    assert (caught.value.http_status_code, caught.value.error_code) == (422, 42201)


KNOWN = {"schema": schemas.text("enrollment")}
OTHER = {"schema": '"string"'}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/subjects/none-value/versions", None, 40401),
        ("GET", "/subjects/none-value/versions/latest", None, 40401),
        ("GET", f"/subjects/{SUBJECT}/versions/2", None, 40402),
        ("GET", f"/subjects/{SUBJECT}/versions/first", None, 42202),
        ("GET", f"/subjects/{SUBJECT}/versions/0", None, 42202),
        ("GET", "/schemas/ids/999", None, 40403),
        ("POST", "/subjects/none-value", KNOWN, 40401),
        ("POST", "/subjects/sijill.trade.household.v1-value", KNOWN, 40403),
        ("POST", f"/subjects/{SUBJECT}", OTHER, 40403),
        ("POST", f"/subjects/{SUBJECT}/versions", OTHER, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", b"no json", 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", {"schema": "no schema"}, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", {"schema": "{}"}, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", {"schema": 7}, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", {"schema": "[" * 60_000}, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", b"[" * 100_000, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", KNOWN | {"schemaType": "JSON"}, 42201),
        ("POST", f"/subjects/{SUBJECT}/versions", b" " * 200_000, 42201),
        ("DELETE", f"/subjects/{SUBJECT}", None, 405),
        ("PUT", "/config", {"compatibility": "NONE"}, 405),
        ("GET", "/nothing", None, 404),
        ("GET", "/schemas/ids/../../etc", None, 404),
    ],
)
def test_refusals_are_numbered(
    server: SchemaServer, method: str, path: str, *, body: Any, code: int
) -> None:
    """Every refusal carries the status and the error code that clients of the interface know."""
    status, answer = call(server, method, path, body)

    assert (status, answer["error_code"]) == (int(str(code)[:3]), code)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", {}),
        ("/schemas/types", ["AVRO"]),
        ("/schemas/ids/1/subjects", [SUBJECT, "sijill.trade.enrollment.v1-value"]),
        ("/schemas/ids/3/versions", [{"subject": "sijill.trade.household.v1-value", "version": 1}]),
        ("/schemas/ids/1/schema", json.loads(schemas.text("enrollment"))),
        (f"/subjects/{SUBJECT}/versions/1/schema", json.loads(schemas.text("enrollment"))),
        (f"/subjects/{SUBJECT.replace('.', '%2E')}/versions?deleted=true", [1]),
        (f"/config/{SUBJECT}", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/mode/", {"mode": "READONLY"}),
    ],
)
def test_plain_reads(server: SchemaServer, path: str, expected: Any) -> None:
    """What tools beside the serializers read is there too."""
    assert call(server, "GET", path) == (200, expected)
