"""Wrong input: each a precise 4xx or a precise error row, none a crash, none a 500."""

import json
import uuid

import pytest

from files import encode, s3_pipe


@pytest.fixture(autouse=True)
def still_alive(penstock):
    pid = penstock.pid
    yield
    assert penstock.running and penstock.pid == pid


def refused(api, body, *words, status=400):
    answer = api.curl("POST", api.pipes, body)
    assert answer.status == status, answer.text
    for word in words:
        assert word.lower() in answer.error.lower(), answer.error
    return answer.error


@pytest.fixture
def filled(moto, bucket):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
    return bucket


def test_wrong_bucket(api, moto, table):
    error = refused(api, s3_pipe(moto, "no-such-bucket-here", "*.json", table), "source.objectStorage.url", "no-such-bucket-here")
    assert "does not exist" in error


def test_a_server_that_is_not_there(api, moto, table):
    body = s3_pipe(moto, "b", "*.json", table)
    body["source"]["objectStorage"]["url"] = "http://127.0.0.1:1/bucket/*.json"
    refused(api, body, "source.objectStorage.url", "failed to access")


def test_wrong_key_and_wrong_secret(api, tmp_path_factory, table):
    from servers import Moto

    moto = Moto(tmp_path_factory.mktemp("enforcing"))
    try:
        iam = moto.client("iam")
        iam.create_user(UserName="reader")
        iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        s3 = moto.client("s3")
        s3.create_bucket(Bucket="locked")
        s3.put_object(Bucket="locked", Key="a.json", Body=encode("JSONEachRow", 0, 10))
        moto.enforce()
        good = {"accessKeyId": key["AccessKeyId"], "secretKey": key["SecretAccessKey"]}
        for wrong in ({**good, "secretKey": "nope"}, {**good, "accessKeyId": "AKIAUNKNOWN"}):
            error = refused(api, s3_pipe(moto, "locked", "*.json", table, source={"accessKey": wrong}), "source.objectStorage.accessKey")
            assert "nope" not in error
        pipe = api.create_pipe(s3_pipe(moto, "locked", "*.json", table, source={"accessKey": good}))
        api.wait_state(pipe, "Completed")
    finally:
        moto.stop()


def test_a_glob_that_matches_nothing(api, moto, filled, table):
    refused(api, s3_pipe(moto, filled, "none/*.json", table), "source.objectStorage.url", "no object")


def test_missing_table(api, moto, filled, table):
    body = s3_pipe(moto, filled, "*.json", table, destination={"managedTable": False, "tableDefinition": None})
    refused(api, body, "destination.table", "does not exist")


def test_unknown_column_type(api, moto, filled, table):
    body = s3_pipe(moto, filled, "*.json", table, columns=[{"name": "id", "type": "UInt65"}])
    refused(api, body, "destination.columns[0].type", "UInt65")


def test_unknown_format_and_type_and_state(api, moto, filled, table):
    refused(api, s3_pipe(moto, filled, "*.json", table, "XML"), "source.objectStorage.format", "JSONEachRow")
    refused(api, s3_pipe(moto, filled, "*.json", table, source={"type": "floppy"}), "source.objectStorage.type")


def test_a_type_that_cannot_hold_the_value_is_an_error_row(api, moto, filled, sql, table):
    pipe = api.create_pipe(s3_pipe(moto, filled, "*.json", table, columns=[{"name": "name", "type": "UInt8"}]))
    api.wait_state(pipe, "Completed")
    assert sql.value(f"SELECT count() FROM {table}") == 0
    error = json.dumps(sql.rows(f"SELECT * FROM {table}_clickpipes_error"))
    assert "a.json" in error


@pytest.mark.parametrize("raw,words", [
    (b"", "body"), (b"{", "JSON"), (b"[]", "object"), (b"null", "object"), (b"\xff\xfe", "JSON"), (b'{"name": "p"}', "source")])
def test_bad_json_bodies(api, raw, words):
    answer = api.curl("POST", api.pipes, raw=raw)
    assert answer.status == 400 and words.lower() in answer.error.lower(), answer.text


def test_a_two_megabyte_body(api):
    answer = api.curl("POST", api.pipes, raw=json.dumps({"name": "x" * 2_000_000}))
    assert answer.status == 413, answer.text[:300]


def test_all_problems_at_once(api):
    answer = api.curl("POST", api.pipes, {
        "name": "", "source": {"objectStorage": {"type": "s3", "format": "nope", "url": 5}}, "destination": {"table": ""}})
    for field in ("name", "source.objectStorage.format", "source.objectStorage.url", "destination.table"):
        assert field in answer.error


def test_unknown_ids(api):
    missing = str(uuid.uuid4())
    for path in (f"{api.pipes}/{missing}", f"{api.pipes}/not-a-uuid", f"/v1/organizations/{missing}/services",
                 f"{api.organization}/services/{missing}", f"{api.organization}/services/{missing}/clickpipes",
                 f"{api.organization}/keys/{missing}", f"{api.pipes}/{missing}/settings", "/v1/nowhere", f"{api.pipes}/{missing}/nothing"):
        answer = api.get(path)
        assert answer.status == 404, (path, answer.text)
        assert answer.error.startswith("NOT_FOUND")
    assert api.curl("PATCH", f"{api.pipes}/{missing}/state", {"command": "stop"}).status == 404
    assert api.curl("DELETE", f"{api.pipes}/{missing}").status == 404


def test_credentials(api, penstock):
    for user in (None, "nobody:nothing", f"{api.key_id}:wrong", ":"):
        answer = api.curl("GET", "/v1/organizations", user=user)
        assert answer.status == 401 and answer.error.startswith("UNAUTHORIZED"), answer.text


def test_no_secret_anywhere(api, penstock, moto, filled, sql, table):
    secret = "sEcReT-kEy-never-seen-4711"
    pipe = api.create_pipe(s3_pipe(moto, filled, "*.json", table, source={"accessKey": {"accessKeyId": "AKIAFINE", "secretKey": secret}}))
    api.wait_state(pipe, "Completed")
    assert secret not in api.get(f"{api.pipes}/{pipe}").text + api.get(api.pipes).text
    assert secret not in penstock.output()
    for file in penstock.data.rglob("*"):
        if file.is_file() and "clickhouse" not in file.parts:
            assert secret.encode() not in file.read_bytes(), file
    sql.text("SYSTEM FLUSH LOGS")
    assert sql.value(f"SELECT count() FROM system.query_log WHERE query LIKE '%{secret[:12]}%' AND query NOT LIKE '%query_log%'") == 0
    for file in (penstock.data / "clickhouse").rglob("*.log"):
        assert secret.encode() not in file.read_bytes(), file
