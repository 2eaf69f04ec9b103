"""What is Amazon's: schemas in Glue, and MSK by an assumed role. moto stands for Glue and STS."""

import base64
import urllib.parse
import uuid
import zlib

import orders
import pytest

from api import API, SQL
from kafka import Broker, kafka_pipe
from servers import Penstock, random_name, wait_until
from test_kafka import COLUMNS, rows, message


@pytest.fixture(scope="module")
def program(moto, tmp_path_factory):
    """A Penstock with an AWS identity."""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAPENSTOCK", "AWS_SECRET_ACCESS_KEY": "very secret", "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_GLUE": moto.url, "AWS_ENDPOINT_URL_STS": moto.url}
    program = Penstock(tmp_path_factory.mktemp("aws") / "data", env=environment)
    yield program
    program.stop()


def test_schemas_in_glue(program, moto, broker, topic, table):
    import json

    api, sql = API(program), SQL(program.credentials["clickhouseURL"])
    glue, name = moto.client("glue"), random_name("registry-")
    glue.create_registry(RegistryName=name)
    made = glue.create_schema(
        RegistryId={"RegistryName": name}, SchemaName="orders", DataFormat="AVRO", Compatibility="NONE", SchemaDefinition=json.dumps(orders.AVRO))
    other = glue.register_schema_version(
        SchemaId={"RegistryName": name, "SchemaName": "orders"}, SchemaDefinition=json.dumps(orders.AVRO_OTHER))

    def framed(number: int) -> bytes:
        """The header of the Glue SerDe: 3, then 0 or with zlib 5, then the version's id."""
        version, schema = (other, orders.AVRO_OTHER) if number % 3 else (made, orders.AVRO)
        payload, isDeflated = orders.avro(schema, orders.order(number)), number % 2
        return (
            bytes([3, 5 if isDeflated else 0]) + uuid.UUID(version["SchemaVersionId"]).bytes + (zlib.compress(payload) if isDeflated else payload))

    broker.create_topic(topic)
    broker.produce(topic, [*map(framed, range(6)), bytes([3, 0]) + uuid.uuid4().bytes + b"x"])
    source = {"schemaRegistry": {"type": "glue", "glueRegion": "us-east-1", "glueRegistryName": name}}
    pipe = api.create_pipe(
        kafka_pipe(broker, topic, table, "AvroConfluent", source=source, columns=orders.COLUMNS, fieldMappings=orders.MAPPINGS))
    rows(sql, table, 6)
    assert sql.rows(f"SELECT * FROM {table} ORDER BY id") == [orders.row(number) for number in range(6)]
    found = wait_until(lambda: sql.value(f"EXISTS TABLE {table}_clickpipes_error") and sql.rows(
        f"SELECT error_code, locator['offset'] AS off FROM {table}_clickpipes_error"), 20, "the message of an unknown version")
    assert found == [{"error_code": "SOURCE_SCHEMA_ERROR", "off": "6"}]
    assert api.pipe(pipe)["source"]["kafka"]["schemaRegistry"]["glueRegistryName"] == name
    source["schemaRegistry"]["glueRegistryName"] = "nobody"
    refused = api.curl("POST", api.pipes, kafka_pipe(broker, topic, table, "AvroConfluent", source=source))
    assert refused.status == 400 and "nobody" in refused.error


def test_an_assumed_role(program, certificates, tmp_path, topic, table):
    api, sql = API(program), SQL(program.credentials["clickhouseURL"])
    tokens = tmp_path / "tokens"
    broker = Broker(tmp_path / "iam", tls=certificates, tokens=tokens)
    broker.create_topic(topic)
    broker.produce(topic, [message(number) for number in range(5)])
    tokens.unlink()
    role = "arn:aws:iam::123456789012:role/ClickHouseAccessRole-orders"
    source = {"type": "msk", "authentication": "IAM_ROLE", "iamRole": role, "caCertificate": certificates.text("ca.pem")}
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, source=source, columns=COLUMNS))
    rows(sql, table, 5)
    for token in tokens.read_text().split():
        url = urllib.parse.urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
        query = dict(urllib.parse.parse_qsl(url.query))
        assert url.netloc == "kafka.eu-west-1.amazonaws.com" and query["Action"] == "kafka-cluster:Connect"
        assert query["X-Amz-Credential"].startswith("ASIA") and query["X-Amz-Security-Token"] and "very secret" not in url.query
    assert api.pipe(pipe)["source"]["kafka"]["iamRole"] == role
