"""Schemas that change while a pipe runs, and schema registries that go away or refuse: state, message, and how it goes on."""

import json

import orders
import pytest

from kafka import Registry, kafka_pipe
from servers import Gate, random_name, wait_until
from test_kafka import rows

COLUMNS = [
    {"name": "id", "type": "Int64"}, {"name": "name", "type": "String"}, {"name": "count", "type": "Int64"}, {"name": "off", "type": "Int64"}]
MAPPINGS = [{"sourceField": "_offset" if c["name"] == "off" else c["name"], "destinationField": c["name"]} for c in COLUMNS]


class Avro:
    format, refusal = "AvroConfluent", "SOURCE_SCHEMA_ERROR"

    def __init__(self, registry: Registry):
        self.registry, self.subject = registry, random_name("avro-")

    def message(self, **fields) -> bytes:
        """`name=(type, value)`, by a schema of exactly these fields."""
        schema = {"type": "record", "name": "R", "fields": [{"name": name, "type": kind} for name, (kind, _) in fields.items()]}
        return orders.confluent(
            self.registry.register(self.subject, schema), orders.avro(schema, {name: value for name, (_, value) in fields.items()}))


class Protobuf(Avro):
    format = "Protobuf"
    TYPES = {"long": "int64", "int": "int32"}

    def message(self, **fields) -> bytes:
        numbers = {"id": 1, "name": 2, "count": 3, "extra": 4}
        members = "".join(f"{self.TYPES.get(kind, kind)} {name} = {numbers[name]}; " for name, (kind, _) in fields.items())
        id = self.registry.register(self.subject, f'syntax = "proto3"; message R {{ {members}}}', "PROTOBUF")
        return orders.confluent(id, b"\0" + orders.proto(*((numbers[name], value) for name, (_, value) in fields.items())))


class JSON(Avro):
    format, refusal = "JSONEachRow", "TYPE_MISMATCH"

    def message(self, **fields) -> bytes:
        return json.dumps({name: value for name, (_, value) in fields.items()}).encode()


FORMATS = {kind.format: kind for kind in (Avro, Protobuf, JSON)}


class Stage:
    """A registry behind a gate, and one pipe for each test, all made at once: a group takes seconds to form, many take no longer."""

    def __init__(self, api, broker, directory):
        self.api, self.broker = api, broker
        self.registry = Registry(directory)
        self.guarded = Registry(directory, user="reader:right")
        self.gate = Gate(self.registry.port)
        self.topics, self.tables, self.pipes = {}, {}, {}
        for name in FORMATS:
            self.make(name, FORMATS[name].format, {} if name == "JSONEachRow" else {"url": self.registry.url})
        self.make("unknown", "AvroConfluent", {"url": self.registry.url})
        self.make("gate", "AvroConfluent", {"url": self.gate.url})
        credentials = {"authentication": "PLAIN", "credentials": {"username": "reader", "password": "right"}}
        self.make("password", "AvroConfluent", {"url": self.guarded.url, **credentials})

    def make(self, name: str, format: str, registry: dict):
        self.topics[name], self.tables[name] = random_name("schema-"), random_name("s_")
        self.broker.create_topic(self.topics[name])
        source = {"schemaRegistry": registry} if registry else {}
        body = kafka_pipe(
            self.broker, self.topics[name], self.tables[name], format, source=source, columns=COLUMNS, fieldMappings=MAPPINGS)
        self.pipes[name] = self.api.create_pipe(body)

    def send(self, name: str, *messages: bytes):
        self.broker.produce(self.topics[name], messages)


@pytest.fixture(scope="module")
def stage(api, sql, broker, tmp_path_factory):
    stage = Stage(api, broker, tmp_path_factory.mktemp("registries"))
    yield stage
    stage.gate.close()
    for name, pipe in stage.pipes.items():
        api.curl("DELETE", f"{api.pipes}/{pipe}")
        for table in (stage.tables[name], stage.tables[name] + "_clickpipes_error"):
            sql.text(f"DROP TABLE IF EXISTS {table}")
    stage.registry.stop()
    stage.guarded.stop()


def errors(sql, table):
    if not sql.value(f"EXISTS TABLE {table}_clickpipes_error"):
        return []
    return sql.rows(f"SELECT toInt64(locator['offset']) AS off, error_code AS code, error FROM {table}_clickpipes_error ORDER BY off")


def row(off: int, id: int, name: str, count) -> dict:
    return {"id": id, "name": name, "count": count, "off": off}


def refused(kind) -> bytes:
    return kind.message(id=("long", 5), name=("string", "incompatible"), count=("string", "many"))


@pytest.mark.parametrize("format", FORMATS)
def test_a_schema_that_evolves(format, api, sql, stage):
    table, pipe = stage.tables[format], stage.pipes[format]
    kind = FORMATS[format](stage.registry)
    first = kind.message(id=("long", 1), name=("string", "as it was"), count=("int", 1))
    stage.send(format, first)
    rows(sql, table, 1)
    stage.send(
        format,
        kind.message(id=("long", 2), name=("string", "one field more"), count=("int", 2), extra=("string", "not mapped")),
        kind.message(id=("long", 3), count=("int", 3)),
        kind.message(id=("long", 4), name=("string", "wider"), count=("long", 5_000_000_000)),
        refused(kind), first)
    rows(sql, table, 5)
    assert sql.rows(f"SELECT * FROM {table} ORDER BY off") == [
        row(0, 1, "as it was", 1), row(1, 2, "one field more", 2), row(2, 3, "", 3), row(3, 4, "wider", 5_000_000_000), row(5, 1, "as it was", 1)]
    found = wait_until(lambda: errors(sql, table), 20, "the error row")
    assert [(one["off"], one["code"]) for one in found] == [(4, kind.refusal)] and "count" in found[0]["error"]
    shown = api.pipe(pipe)
    assert shown["state"] == "Running" and not shown.get("stateMessage")


def test_a_type_that_is_there_to_stay(api, sql, stage):
    """The column follows it, and the records that failed are sent again. After the tests above; all formats at a time."""
    for format in FORMATS:
        api.command(stage.pipes[format], "stop")
    columns = [{**column, "type": "String"} if column["name"] == "count" else column for column in COLUMNS]
    for format in FORMATS:
        table, pipe = stage.tables[format], stage.pipes[format]
        api.wait_state(pipe, "Stopped")
        sql.text(f"ALTER TABLE {table} MODIFY COLUMN count String")
        assert api.curl("PATCH", f"{api.pipes}/{pipe}", {"destination": {"columns": columns}}).status == 200
        done = api.curl("POST", f"{api.pipes}/{pipe}/errors/replay", {}).result
        assert (done["replayed"], done["failed"]) == (1, 0)
        stage.send(format, refused(FORMATS[format](stage.registry)))
        api.command(pipe, "start")
    for format in FORMATS:
        table = stage.tables[format]
        rows(sql, table, 7)
        assert sql.rows(f"SELECT * FROM {table} WHERE id = 5 ORDER BY off") == [
            row(4, 5, "incompatible", "many"), row(6, 5, "incompatible", "many")]


def test_a_registry_that_goes_away_and_comes_back(api, sql, stage):
    table, pipe = stage.tables["gate"], stage.pipes["gate"]
    kind = Avro(stage.registry)
    known = kind.message(id=("long", 1), name=("string", "known"), count=("int", 1))
    stage.send("gate", known)
    rows(sql, table, 1)
    stage.gate.close()
    # What is known needs no registry.
    stage.send("gate", known)
    rows(sql, table, 2)
    new = kind.message(id=("long", 2), name=("string", "new"))
    stage.send("gate", new, known)
    told = wait_until(lambda: api.pipe(pipe).get("stateMessage"), 30, "a message while the registry is away")
    assert f"cannot reach the schema registry {stage.gate.url}" in told and api.pipe(pipe)["state"] in ("Running", "Degraded")
    # It is there again, and has troubles of its own first.
    stage.registry.ask("/_fail", {"status": 503, "times": 1})
    stage.gate.open()
    rows(sql, table, 4)
    assert sql.rows(f"SELECT * FROM {table} WHERE off > 1 ORDER BY off") == [row(2, 2, "new", 0), row(3, 1, "known", 1)]
    assert errors(sql, table) == []
    wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 20, "the message to go")


def test_a_schema_that_the_registry_does_not_have(api, sql, stage):
    """Its records are rejected one by one, while the others arrive."""
    table, kind = stage.tables["unknown"], Avro(stage.registry)
    good = kind.message(id=("long", 1), name=("string", "good"), count=("int", 1))
    stage.send("unknown", good, orders.confluent(4711, b"\2"), b"no header", good)
    rows(sql, table, 2)
    found = wait_until(lambda: errors(sql, table), 20, "the error rows")
    assert [(one["off"], one["code"]) for one in found] == [(1, "SOURCE_SCHEMA_ERROR"), (2, "SOURCE_SCHEMA_ERROR")]
    assert "4711" in found[0]["error"] and "no schema id" in found[1]["error"]
    assert api.pipe(stage.pipes["unknown"])["state"] == "Running"


def test_a_password_that_the_registry_no_longer_takes(api, sql, stage):
    """The pipe fails when it needs the registry, and goes on with the new password."""
    table, pipe = stage.tables["password"], stage.pipes["password"]
    kind = Avro(stage.guarded)
    stage.send("password", kind.message(id=("long", 1), name=("string", "before"), count=("int", 1)))
    rows(sql, table, 1)
    stage.guarded.admit("reader:renewed")
    stage.send("password", kind.message(id=("long", 2), name=("string", "after")))
    failed = api.wait_state(pipe, "Failed", timeout=30)
    assert "refuses the credentials (HTTP 401)" in failed["stateMessage"] and "right" not in json.dumps(failed)
    renewed = {"schemaRegistry": {"credentials": {"username": "reader", "password": "renewed"}}}
    assert api.curl("PATCH", f"{api.pipes}/{pipe}", {"source": {"kafka": renewed}}).status == 200
    assert "renewed" not in api.get(f"{api.pipes}/{pipe}").text
    api.command(pipe, "start")
    rows(sql, table, 2)
    assert errors(sql, table) == []


def test_registries_are_asked_before_a_pipe_is_made(api, broker, stage, certificates, tmp_path, topic, table):
    broker.create_topic(topic)
    secure = Registry(tmp_path, tls=certificates)

    def refusal(**registry):
        answer = api.curl("POST", api.pipes, kafka_pipe(broker, topic, table, "AvroConfluent", source={"schemaRegistry": registry}))
        assert answer.status == 400 and "guess-guess" not in answer.text
        return answer.error

    wrong = {"authentication": "PLAIN", "credentials": {"username": "reader", "password": "guess-guess"}}
    assert "source.kafka.schemaRegistry.credentials" in refusal(url=stage.guarded.url, **wrong)
    assert "source.kafka.schemaRegistry.url" in refusal(url="http://127.0.0.1:1")
    assert "certificate" in refusal(url=secure.url).lower()
    assert "subject nobody" in refusal(url=f"{stage.registry.url}/subjects/nobody")
    proto = stage.registry.register(random_name("p-"), 'syntax = "proto3"; message A { int32 a = 1; }', "PROTOBUF")
    assert "type PROTOBUF" in refusal(url=f"{stage.registry.url}/schemas/ids/{proto}")
