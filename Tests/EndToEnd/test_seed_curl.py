"""Every example of the ClickPipes OpenAPI reference page that is not bound to another source, by curl."""

import json

import pytest

from files import encode, s3_pipe

COLUMNS = [{"name": "id", "type": "UInt64"}, {"name": "message", "type": "String"}]


def put_messages(moto, bucket, count=3, key="data/a.json"):
    lines = "".join(json.dumps({"id": n, "message": f"m{n}"}) + "\n" for n in range(count))
    moto.client("s3").put_object(Bucket=bucket, Key=key, Body=lines.encode())


def test_the_page_from_create_to_delete(api, moto, bucket, sql, table):
    put_messages(moto, bucket)
    body = s3_pipe(moto, bucket, "data/*.json", table, name="My S3 ClickPipe", columns=COLUMNS)
    created = api.curl("POST", api.pipes, body).result
    pipe = created["id"]
    assert created["state"] == "Provisioning"
    assert created["name"] == "My S3 ClickPipe"
    assert created["source"]["objectStorage"]["url"] == body["source"]["objectStorage"]["url"]
    assert "accessKey" not in created["source"]["objectStorage"]
    assert created["destination"]["database"] == "default"
    for unset in ("delimiter", "compression", "queueUrl", "startAfter", "iamRole"):
        assert created["source"]["objectStorage"].get(unset) is None
    assert not created.get("fieldMappings") and not created.get("settings")

    api.wait_state(pipe, "Completed")
    assert sql.rows(f"SELECT id, message FROM {table} ORDER BY id") == [{"id": n, "message": f"m{n}"} for n in range(3)]

    listed = api.get(api.pipes).result
    assert [p["id"] for p in listed].count(pipe) == 1
    assert api.pipe(pipe)["state"] == "Completed"

    assert api.curl("DELETE", f"{api.pipes}/{pipe}").json.keys() >= {"status", "requestId"}
    assert api.get(f"{api.pipes}/{pipe}").status == 404
    assert sql.value(f"SELECT count() FROM {table}") == 3, "the target table outlives the pipe"


@pytest.mark.parametrize("field", ["action", "command"])
def test_stop_and_start_with_either_field(api, moto, bucket, sql, table, field):
    put_messages(moto, bucket)
    pipe = api.create_pipe(s3_pipe(moto, bucket, "data/*.json", table, columns=COLUMNS, source={"isContinuous": True}))
    api.wait_state(pipe, "Running")
    running = api.curl("PATCH", f"{api.pipes}/{pipe}/state", {field: "start"})
    assert running.status == 400 and "ClickPipe is already running" in running.error
    assert api.curl("PATCH", f"{api.pipes}/{pipe}/state", {field: "stop"}).result["state"] in ("Stopping", "Stopped")
    api.wait_state(pipe, "Stopped")
    put_messages(moto, bucket, key="data/b.json")
    assert api.curl("PATCH", f"{api.pipes}/{pipe}/state", {field: "start"}).result["state"] in ("Provisioning", "Running")
    api.wait_state(pipe, "Running")
    from servers import wait_until

    wait_until(lambda: sql.count(table) == 6, 60, "the second file")
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_patch_settings_and_scaling(api, moto, bucket, table):
    put_messages(moto, bucket)
    pipe = api.create_pipe(s3_pipe(moto, bucket, "data/*.json", table, columns=COLUMNS, source={"isContinuous": True}))
    path = f"{api.pipes}/{pipe}"
    assert api.curl("PATCH", path, {"name": "renamed"}).result["name"] == "renamed"

    settings = api.get(f"{path}/settings").result
    assert settings["object_storage_polling_interval_ms"] == 30000 and settings["object_storage_max_file_count"] == 100
    changed = api.curl("PUT", f"{path}/settings", {"object_storage_polling_interval_ms": 500}).result
    assert changed["object_storage_polling_interval_ms"] == 500
    assert api.pipe(pipe)["settings"] == {"object_storage_polling_interval_ms": 500}, "only what the user set is echoed"
    assert api.curl("PUT", f"{path}/settings", {"object_storage_concurrency": "2"}).result["object_storage_polling_interval_ms"] == 500

    scaled = api.curl("PATCH", f"{path}/scaling", {"replicas": 2, "replicaMemoryGb": 1}).result
    assert scaled["scaling"]["replicas"] == 2 and scaled["scaling"]["replicaMemoryGb"] == 1
    assert api.curl("PATCH", f"{path}/scaling", {"replicas": 41}).status == 400
    api.curl("DELETE", path).result


def test_a_trailing_slash_creates_too(api, moto, bucket, table):
    put_messages(moto, bucket)
    created = api.curl("POST", api.pipes + "/", s3_pipe(moto, bucket, "data/*.json", table, columns=COLUMNS)).result
    api.wait_state(created["id"], "Completed")
    api.curl("DELETE", f"{api.pipes}/{created['id']}").result


@pytest.mark.parametrize("kind", ["kinesis", "mysql", "mongodb", "bigquery"])
def test_sources_of_other_issues_are_validated_and_refused_by_name(api, kind):
    destination = {
        "table": "t", "managedTable": True, "tableDefinition": {"engine": {"type": "MergeTree"}},
        "columns": [{"name": "id", "type": "UInt64"}]}
    table_mapping = {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": "public_users"}
    sources = {
        "kinesis": {"format": "JSONEachRow", "streamName": "s", "region": "us-east-1", "iteratorType": "TRIM_HORIZON",
                    "authentication": "IAM_USER", "accessKey": {"accessKeyId": "a", "secretKey": "s"}},
        "mysql": {"host": "h", "port": 3306, "credentials": {"username": "u", "password": "p"},
                  "settings": {"replicationMode": "cdc"}, "tableMappings": [table_mapping]},
        "mongodb": {"uri": "mongodb+srv://c.example.net", "readPreference": "secondaryPreferred",
                    "credentials": {"username": "u", "password": "p"}, "settings": {"replicationMode": "cdc"},
                    "tableMappings": [{"sourceDatabaseName": "d", "sourceCollection": "c", "targetTable": "t"}]},
        "bigquery": {"snapshotStagingPath": "gs://my-staging-bucket/staging/", "credentials": {"serviceAccountFile": "e30="},
                     "settings": {"replicationMode": "snapshot"},
                     "tableMappings": [{"sourceDatasetName": "d", "sourceTable": "t", "targetTable": "t"}]},
    }
    if kind != "kinesis":
        destination = {"database": "default"}
    answer = api.curl("POST", api.pipes, {"name": "p", "source": {kind: sources[kind]}, "destination": destination})
    assert answer.status == 400
    assert "no connector" in answer.error and kind in answer.error
    broken = {**sources[kind], "credentials": 5, "accessKey": 5}
    answer = api.curl("POST", api.pipes, {"name": "p", "source": {kind: broken}, "destination": destination})
    assert answer.status == 400 and f"source.{kind}." in answer.error and "must be an object" in answer.error
