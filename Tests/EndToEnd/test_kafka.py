"""Kafka pipes as a user makes them: curl, clickhousectl, kcat, and what arrives in ClickHouse."""

import base64
import json
import urllib.parse

import pytest

from api import API, SQL, clickhousectl
from kafka import COLUMNS, Broker, kafka_pipe, kcat, message
from servers import Penstock, random_name, wait_until

CONNECTION_STRING = (
    "Endpoint=sb://namespace.servicebus.windows.net/;SharedAccessKeyName=reader;SharedAccessKey=c2VjcmV0;EntityPath=my_topic")


def rows(sql, table, count, timeout=60):
    """Waits until the table has `count` rows."""
    wait_until(lambda: sql.count(table) >= count, timeout, f"{count} rows in {table}", interval=0.2)
    assert sql.count(table) == count


# The seed page's example, one for each type it names.
SEED = {
    "confluent": {"authentication": "PLAIN", "credentials": {"username": "my_user", "password": "my_password"}},
    "kafka": {"authentication": "SCRAM-SHA-256", "credentials": {"username": "my_user", "password": "my_password"}},
    "msk": {"authentication": "SCRAM-SHA-512", "credentials": {"username": "my_user", "password": "my_password"}},
    "redpanda": {"authentication": "SCRAM-SHA-256", "credentials": {"username": "my_user", "password": "my_password"}},
    "warpstream": {"authentication": "PLAIN", "credentials": {"username": "my_user", "password": "my_password"}},
    "azureeventhub": {"authentication": "PLAIN", "credentials": {"connectionString": CONNECTION_STRING}},
}


@pytest.mark.parametrize("kind", SEED)
def test_example_of_the_page(kind, api, sql, secure_broker, certificates, tmp_path, topic, table):
    broker = secure_broker
    if kind == "azureeventhub":
        broker = Broker(tmp_path / "hub", tls=certificates, sasl=f"$ConnectionString:{CONNECTION_STRING}")
    broker.create_topic(topic, 3)
    broker.produce(topic, [message(number) for number in range(100)])
    source = {"type": kind, "consumerGroup": f"group-of-{topic}", "caCertificate": certificates.text("ca.pem"), **SEED[kind]}
    created = api.curl("POST", api.pipes, kafka_pipe(broker, topic, table, source=source)).result
    assert "my_password" not in json.dumps(created) and "c2VjcmV0" not in json.dumps(created)
    assert created["source"]["kafka"]["consumerGroup"] == f"group-of-{topic}"
    rows(sql, table, 100)
    assert sql.value(f"SELECT sum(id) FROM {table}") == sum(range(100))
    assert sql.value(f"SELECT max(timestamp) = toDateTime(1700000099) FROM {table}") == 1
    assert api.pipe(created["id"])["state"] == "Running"
    assert api.curl("DELETE", f"{api.pipes}/{created['id']}").status == 200
    assert sql.value(f"SELECT count() FROM {table}") == 100


def test_life_of_a_pipe(api, sql, broker, topic, table):
    """Stop, start, settings, scaling and edits lose and double nothing; kcat is the producer."""
    broker.create_topic(topic, 4)

    def send(first, count):
        kcat(broker, topic, [message(number).decode() for number in range(first, first + count)])

    send(0, 50)
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, source={"exactlyOnce": True}))
    rows(sql, table, 50)
    assert api.command(pipe, "stop").status == 200
    api.wait_state(pipe, "Stopped")
    send(50, 50)
    assert sql.value(f"SELECT count() FROM {table}") == 50
    assert api.command(pipe, "start").status == 200
    rows(sql, table, 100)
    assert api.curl("PATCH", f"{api.pipes}/{pipe}/scaling", {"replicas": 2, "replicaCpuMillicores": 250, "replicaMemoryGb": 1.0}).status == 200
    send(100, 50)
    rows(sql, table, 150)
    assert api.curl("PUT", f"{api.pipes}/{pipe}/settings", {"streaming_max_insert_wait_ms": 1000}).status == 200
    assert api.curl("PATCH", f"{api.pipes}/{pipe}", {"name": "renamed"}).status == 200
    send(150, 50)
    rows(sql, table, 200)
    assert sql.value(f"SELECT uniqExact(id) FROM {table}") == 200


def test_every_virtual_column_and_nested_fields(api, sql, broker, topic, table):
    broker.create_topic(topic, 2)
    value = {"id": 7, "user": {"name": "Ann", "address": {"city": "Köln"}}, "note": "line\nbreak"}
    raw = json.dumps(value, ensure_ascii=False).encode()
    broker.produce(topic, [{
        "value": raw, "key": b"k\"1\\", "headers": [("trace", b"abc"), ("empty", b"")], "timestamp": 1_700_000_000_123, "partition": 1}])
    broker.produce(topic, [b"{}"], partition=0)
    columns = [
        {"name": "id", "type": "UInt64"}, {"name": "name", "type": "String"}, {"name": "city", "type": "Nullable(String)"},
        {"name": "key", "type": "String"}, {"name": "at", "type": "DateTime64(3)"}, {"name": "part", "type": "Int32"},
        {"name": "off", "type": "Int64"}, {"name": "tp", "type": "String"}, {"name": "hk", "type": "Array(String)"},
        {"name": "hv", "type": "Array(String)"}, {"name": "raw", "type": "String"}]
    fields = ["id", "user.name", "user.address.city", "_key", "_timestamp", "_partition", "_offset", "_topic", "_header_keys", "_header_values",
              "_raw_message"]
    mappings = [{"sourceField": field, "destinationField": column["name"]} for field, column in zip(fields, columns)]
    api.create_pipe(kafka_pipe(broker, topic, table, columns=columns, fieldMappings=mappings))
    rows(sql, table, 2)
    full, empty = sql.rows(f"SELECT * EXCEPT at, toUnixTimestamp64Milli(at) AS at FROM {table} ORDER BY part DESC")
    assert full == {
        "id": 7, "name": "Ann", "city": "Köln", "key": "k\"1\\", "part": 1, "off": 0, "tp": topic, "hk": ["trace", "empty"],
        "hv": ["abc", ""], "raw": raw.decode(), "at": 1_700_000_000_123}
    assert (empty["id"], empty["name"], empty["city"], empty["key"], empty["raw"], empty["hk"]) == (0, "", None, "", "{}", [])


def test_columns_that_nothing_maps_to_keep_their_default(api, sql, broker, topic, table):
    broker.create_topic(topic)
    broker.produce(topic, [message(1)])
    sql.text(f"CREATE TABLE {table} (id UInt64, message String, origin String DEFAULT 'kafka', later UInt64 MATERIALIZED id + 1) ORDER BY id")
    api.create_pipe(kafka_pipe(broker, topic, table, columns=COLUMNS[:2], destination={"managedTable": False, "tableDefinition": None}))
    rows(sql, table, 1)
    assert sql.rows(f"SELECT id, origin, later FROM {table}") == [{"id": 1, "origin": "kafka", "later": 2}]


def test_several_topics_and_starts(api, sql, broker, table):
    topics = [random_name("one-"), random_name("two-")]
    for name in topics:
        broker.create_topic(name, 2)
        broker.produce(name, [message(number) for number in range(20)])
    columns = COLUMNS[:1] + [{"name": "tp", "type": "String"}]
    mappings = [{"sourceField": "id", "destinationField": "id"}, {"sourceField": "_topic", "destinationField": "tp"}]
    api.create_pipe(kafka_pipe(broker, ",".join(topics), table, columns=columns, fieldMappings=mappings))
    rows(sql, table, 40)
    assert sql.rows(f"SELECT tp, count() AS n FROM {table} GROUP BY tp ORDER BY tp") == [{"tp": name, "n": 20} for name in sorted(topics)]


def test_a_group_that_read_before_goes_on_from_there(api, sql, broker, topic, table):
    """A new pipe with the group of an old one resumes at what that one committed."""
    broker.create_topic(topic, 2)
    broker.produce(topic, [message(number) for number in range(10)])
    source = {"consumerGroup": f"group-{topic}"}
    first = api.create_pipe(kafka_pipe(broker, topic, table, source=source))
    rows(sql, table, 10)
    wait_until(lambda: sum(committed(broker, f"group-{topic}", topic, 2)) == 10, 30, "the group to know")
    api.command(first, "stop")
    api.wait_state(first, "Stopped")
    broker.produce(topic, [message(number) for number in range(10, 15)])
    second = random_name("t_")
    api.create_pipe(kafka_pipe(broker, topic, second, source=source))
    rows(sql, second, 5)
    assert sql.value(f"SELECT min(id) FROM {second}") == 10


def committed(broker, group, topic, partitions):
    """The offsets that a group remembers."""
    from confluent_kafka import Consumer, TopicPartition

    asker = Consumer({**broker.settings(), "group.id": group})
    try:
        return [max(0, place.offset) for place in asker.committed([TopicPartition(topic, number) for number in range(partitions)], timeout=10)]
    finally:
        asker.close()


AUTHENTICATIONS = {
    "PLAIN": ["--kafka-type", "kafka", "--auth", "PLAIN", "--username", "my_user", "--password", "my_password"],
    "SCRAM-SHA-256": ["--kafka-type", "kafka", "--auth", "SCRAM-SHA-256", "--username", "my_user", "--password", "my_password"],
    "SCRAM-SHA-512": ["--kafka-type", "msk", "--auth", "SCRAM-SHA-512", "--username", "my_user", "--password", "my_password"],
    "MUTUAL_TLS": ["--kafka-type", "kafka", "--auth", "MUTUAL_TLS"],
    "IAM_USER": ["--kafka-type", "msk", "--auth", "IAM_USER", "--access-key-id", "AKIAEXAMPLE", "--secret-key", "very secret"],
    "none": ["--kafka-type", "kafka"],
}


@pytest.mark.parametrize("authentication", AUTHENTICATIONS)
def test_official_client_with_each_authentication(authentication, api, sql, broker, secure_broker, certificates, tmp_path, topic, table):
    tokens = tmp_path / "tokens"
    chosen = {
        "MUTUAL_TLS": lambda: Broker(tmp_path / "mtls", tls=certificates, asks_certificate=True),
        "IAM_USER": lambda: Broker(tmp_path / "iam", tls=certificates, tokens=tokens), "none": lambda: broker,
    }.get(authentication, lambda: secure_broker)()
    chosen.create_topic(topic, 2)
    chosen.produce(topic, [message(number) for number in range(30)])
    if tokens.exists():
        tokens.unlink()
    if authentication == "IAM_USER":
        # Brokers of MSK have the region in their names; these do not.
        program = Penstock(tmp_path / "data", env={"AWS_REGION": "eu-west-1"})
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
    options = list(AUTHENTICATIONS[authentication])
    if authentication != "none":
        options += ["--ca-certificate", certificates.path("ca.pem")]
    if authentication == "MUTUAL_TLS":
        options += ["--client-certificate", certificates.path("client.pem"), "--client-key", certificates.path("client.key")]
    created = clickhousectl(
        api, tmp_path, "clickpipe", "create", "kafka", api.service.rsplit("/", 1)[1], "--name", f"cli {authentication}", "--brokers",
        chosen.address, "--topics", topic, "--format", "JSONEachRow", "--database", "default", "--table", table, "--offset", "from_beginning",
        "--streaming-max-insert-wait-ms", "500", *map(str, options), *(f"--column={c['name']}:{c['type']}" for c in COLUMNS))
    rows(sql, table, 30)
    assert api.pipe(created["id"])["state"] == "Running"
    if authentication == "IAM_USER":
        # AWS MSK IAM SASL signer: a presigned URL, base64url without padding.
        token = tokens.read_text().split()[0]
        url = urllib.parse.urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
        query = dict(urllib.parse.parse_qsl(url.query))
        assert url.scheme == "https" and url.netloc == "kafka.eu-west-1.amazonaws.com"
        assert query["Action"] == "kafka-cluster:Connect" and query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" and query["X-Amz-Expires"] == "900"
        assert query["X-Amz-Credential"].startswith("AKIAEXAMPLE/") and "/eu-west-1/kafka-cluster/aws4_request" in query["X-Amz-Credential"]
        assert len(query["X-Amz-Signature"]) == 64 and query["X-Amz-SignedHeaders"] == "host" and "very secret" not in token


def test_wrong_credentials_and_topics_are_told_before_a_pipe_is_made(api, secure_broker, certificates, topic, table):
    secure_broker.create_topic(topic)
    good = {
        "authentication": "PLAIN", "credentials": {"username": "my_user", "password": "my_password"},
        "caCertificate": certificates.text("ca.pem")}
    wrong = {"username": "my_user", "password": "not the password"}
    answer = api.curl("POST", api.pipes, kafka_pipe(secure_broker, topic, table, source={**good, "credentials": wrong}))
    assert answer.status == 400 and "uthenticat" in answer.error and "not the password" not in answer.text
    missing = dict(good)
    del missing["caCertificate"]
    answer = api.curl("POST", api.pipes, kafka_pipe(secure_broker, topic, table, source=missing))
    assert answer.status == 400 and "certificate" in answer.error
    answer = api.curl("POST", api.pipes, {**kafka_pipe(secure_broker, topic, table, source=good), "source": {"kafka": {
        "type": "kafka", "format": "JSONEachRow", "brokers": "127.0.0.1:1", "topics": topic, **good}}})
    assert answer.status == 400 and "127.0.0.1:1" in answer.error


def test_discovery_by_the_servers_own_inference(api, broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [json.dumps({"id": 1, "price": 1.5, "tags": ["a"], "at": "2024-05-01 10:00:00", "ok": True, "nested": {"a": 1}})])
    body = {"source": {"kafka": {"type": "kafka", "format": "JSONEachRow", "brokers": broker.address, "topics": topic}}}
    answer = api.curl("POST", f"{api.pipes.rsplit('/', 1)[0]}/clickpipesSchemaDiscovery", body)
    if answer.status == 404:
        answer = api.curl("POST", f"{api.pipes}/schemaDiscovery", body)
    fields = {field["name"]: field["type"] for field in answer.result["fields"]}
    assert fields["id"] == "Nullable(Int64)" and fields["price"] == "Nullable(Float64)" and fields["tags"] == "Array(Nullable(String))"
    assert "DateTime" in fields["at"] and fields["ok"] == "Nullable(Bool)"


def test_metrics_of_a_pipe(api, broker, sql, topic, table):
    broker.create_topic(topic, 2)
    broker.produce(topic, [message(number) for number in range(10)])
    pipe = api.create_pipe(kafka_pipe(broker, topic, table))
    rows(sql, table, 10)

    def metrics():
        text = api.get(f"{api.organization}/prometheus").text
        return [line for line in text.splitlines() if pipe in line]

    lines = metrics()
    for name in ("ClickPipes_FetchedEvents_Total", "ClickPipes_SentEvents_Total", "ClickPipes_Latency", "ClickPipes_SourceEvents_Total"):
        assert any(line.startswith(name) for line in lines), name
    wait_until(lambda: any(f'lane="{topic}:0"' in line for line in metrics()), 20, "the lag of a partition")
