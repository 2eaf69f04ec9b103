"""Every format, registry form and compression through a pipe into ClickHouse, with all values compared."""

import base64

import orders
import pytest

from kafka import Registry, kafka_pipe
from servers import random_name, wait_until
from test_kafka import rows

CASES = [
    "Avro", "AvroConfluent", "AvroConfluent, id pinned", "AvroConfluent, subject pinned", "AvroConfluent, version pinned",
    "AvroConfluent, references", "AvroConfluent, TLS and password", "Protobuf", "Protobuf, registry", "Protobuf, subject pinned",
    "JSONEachRow", "JSONEachRow, schema header"]
COUNT = 12


def cases(registry: Registry, secure: Registry, authority: str) -> dict:
    """By name: format, messages of orders 0 to 11, and what the source needs besides."""
    numbers = range(COUNT)
    first = registry.register("orders", orders.AVRO)
    other = registry.register("orders", orders.AVRO_OTHER)
    registry.register("address", orders.ADDRESS)
    referring = registry.register("referring", orders.AVRO_REFERRING, references=[("Address", "address")])
    hidden = secure.register("orders", orders.AVRO)
    registry.register("address.proto", orders.PROTO_ADDRESS, "PROTOBUF")
    second = registry.register("second", orders.PROTO_SECOND, "PROTOBUF", [("shop/address.proto", "address.proto")])
    proto = registry.register("proto", orders.PROTO, "PROTOBUF")
    schema = registry.register("json", {"type": "object"}, "JSON")

    def datum(number, schema=orders.AVRO):
        return orders.avro(schema, orders.order(number))

    def framed(id, schema):
        return [orders.confluent(id, datum(number, schema)) for number in numbers]

    def at(path):
        return {"schemaRegistry": {"url": registry.url + path}}

    # Two schemas in turn; a pin is for messages that name none.
    both = [orders.confluent(first, datum(n)) if n % 2 else orders.confluent(other, datum(n, orders.AVRO_OTHER)) for n in numbers]
    bare = [datum(n) if n % 2 else orders.confluent(other, datum(n, orders.AVRO_OTHER)) for n in numbers]
    latest = [datum(n, orders.AVRO_OTHER) if n % 2 else orders.confluent(first, datum(n)) for n in numbers]
    containers = [
        orders.container([orders.order(3 * n + i) for i in range(3)], codec)
        for n, codec in enumerate(["null", "deflate", "snappy", "zstandard"])]
    password = {"url": secure.url, "authentication": "PLAIN", "credentials": {"username": "reader", "password": "right"}, "caCertificate": authority}
    named = [orders.confluent(second, b"\2\2" + orders.proto_order(n)) for n in numbers]
    json = [orders.json_order(n) for n in numbers]
    return {
        "Avro": ("Avro", containers, {}),
        "AvroConfluent": ("AvroConfluent", orders.compressed(both), at("")),
        "AvroConfluent, id pinned": ("AvroConfluent", bare, at(f"/schemas/ids/{first}")),
        "AvroConfluent, subject pinned": ("AvroConfluent", latest, at("/subjects/orders")),
        "AvroConfluent, version pinned": ("AvroConfluent", bare, at("/subjects/orders/versions/1")),
        "AvroConfluent, references": ("AvroConfluent", framed(referring, orders.AVRO), at("")),
        "AvroConfluent, TLS and password": ("AvroConfluent", framed(hidden, orders.AVRO), {"schemaRegistry": password}),
        "Protobuf": (
            "Protobuf", orders.compressed(map(orders.proto_order, numbers)),
            {"protobufSchema": base64.b64encode(orders.PROTO.encode()).decode()}),
        "Protobuf, registry": ("Protobuf", orders.compressed(named), at("")),
        "Protobuf, subject pinned": (
            "Protobuf", [orders.proto_order(n) if n % 2 else orders.confluent(proto, b"\0" + orders.proto_order(n)) for n in numbers],
            at("/subjects/proto/versions/latest")),
        "JSONEachRow": ("JSONEachRow", orders.compressed(json), {}),
        "JSONEachRow, schema header": ("JSONEachRow", [orders.confluent(schema, one) for one in json], at("/subjects/json")),
    }


@pytest.fixture(scope="module")
def pipes(api, broker, certificates, tmp_path_factory):
    """Table and pipe of each case. All are made at once, since the broker takes seconds to form a group, however many there are."""
    directory = tmp_path_factory.mktemp("registries")
    registry, secure = Registry(directory), Registry(directory, tls=certificates, user="reader:right")
    made = {}
    for name, (format, messages, source) in cases(registry, secure, certificates.text("ca.pem")).items():
        topic, table = random_name("format-"), random_name("f_")
        broker.create_topic(topic)
        broker.produce(topic, messages)
        body = kafka_pipe(broker, topic, table, format, source=source, columns=orders.COLUMNS, fieldMappings=orders.MAPPINGS)
        made[name] = table, api.create_pipe(body)
    assert list(made) == CASES
    yield made
    for table, pipe in made.values():
        api.curl("DELETE", f"{api.pipes}/{pipe}")
    registry.stop()
    secure.stop()


@pytest.mark.parametrize("case", CASES)
def test_every_value_arrives(case, api, sql, pipes):
    table, pipe = pipes[case]
    rows(sql, table, COUNT)
    assert sql.rows(f"SELECT * FROM {table} ORDER BY id") == [orders.row(number) for number in range(COUNT)]
    errors = f"{table}_clickpipes_error"
    assert not sql.value(f"EXISTS TABLE {errors}") or sql.rows(f"SELECT error_code, error FROM {errors}") == []
    shown = api.get(f"{api.pipes}/{pipe}").text
    assert "right" not in shown and api.pipe(pipe)["state"] == "Running"
    sql.text(f"DROP TABLE {table}")
    sql.text(f"DROP TABLE IF EXISTS {errors}")
