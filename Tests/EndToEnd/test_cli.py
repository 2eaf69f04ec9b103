"""The official client, clickhousectl 0.5.0, against our base URL."""

import json

import pytest

from api import clickhousectl
from files import encode, s3_pipe
from servers import wait_until


@pytest.fixture
def ctl(api, tmp_path):
    return lambda *arguments, **options: clickhousectl(api, tmp_path, *arguments, **options)


def result(answer):
    return answer["result"] if isinstance(answer, dict) and "result" in answer else answer


def test_services(ctl, penstock):
    service = penstock.credentials["serviceId"]
    listed = result(ctl("service", "list"))
    assert service in json.dumps(listed)
    got = result(ctl("service", "get", service))
    assert got["id"] == service and got["state"] == "running" and got["name"]


def test_keys_from_create_to_delete(ctl, api):
    created = result(ctl("key", "create", "--name", "for-ci"))
    key = created["key"]["id"]
    assert created["keyId"] and created["keySecret"]
    assert key in json.dumps(result(ctl("key", "list")))
    assert result(ctl("key", "get", key))["name"] == "for-ci"
    assert result(ctl("key", "update", key, "--new-name", "for-cd"))["name"] == "for-cd"
    assert result(ctl("key", "update", key, "--state", "disabled"))["state"] == "disabled"
    ctl("key", "delete", key)
    assert ctl("key", "get", key, check=False).returncode != 0


def test_object_storage_pipe_from_create_to_delete(ctl, api, moto, bucket, sql, table, penstock, tmp_path):
    moto.client("s3").put_object(Bucket=bucket, Key="in/a.json", Body=encode("JSONEachRow", 0, 50))
    service = penstock.credentials["serviceId"]
    created = result(ctl(
        "clickpipe", "create", "object-storage", "--name", "from cli", "--source-url", f"{moto.url}/{bucket}/in/*.json",
        "--storage-type", "s3", "--format", "JSONEachRow", "--continuous", "--access-key-id", "root", "--secret-key", "root",
        "--database", "default", "--table", table, "--column", "id:UInt64", "--column", "name:String", service))
    pipe = created["id"]
    assert pipe in json.dumps(result(ctl("clickpipe", "list", service)))
    wait_until(lambda: sql.count(table) == 50, 60, "50 rows")
    assert result(ctl("clickpipe", "get", service, pipe))["state"] == "Running"
    ctl("clickpipe", "stop", service, pipe)
    wait_until(lambda: result(ctl("clickpipe", "get", service, pipe))["state"] == "Stopped", 60, "Stopped")
    patch = tmp_path / "patch.json"
    patch.write_text(json.dumps({"name": "renamed"}))
    assert result(ctl("clickpipe", "update", "--file", str(patch), service, pipe))["name"] == "renamed"
    assert result(ctl("clickpipe", "scale", service, pipe, "--replicas", "2"))["scaling"]["replicas"] == 2
    ctl("clickpipe", "start", service, pipe)
    wait_until(lambda: result(ctl("clickpipe", "get", service, pipe))["state"] == "Running", 60, "Running")
    ctl("clickpipe", "settings", "update", "--object-storage-polling-interval-ms", "700", service, pipe)
    assert "700" in json.dumps(result(ctl("clickpipe", "settings", "get", service, pipe)))
    ctl("clickpipe", "delete", service, pipe)
    assert api.get(f"{api.pipes}/{pipe}").status == 404


def test_schema_discovery_and_metrics(ctl, api, moto, bucket, table, penstock):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 5))
    service = penstock.credentials["serviceId"]
    fields = ctl("clickpipe", "schema-discover", "object-storage", "--source-url", f"{moto.url}/{bucket}/a.json", "--format",
                 "JSONEachRow", "--access-key-id", "root", "--secret-key", "root", service)
    assert "score" in json.dumps(fields)
    pipe = api.create_pipe(s3_pipe(moto, bucket, "a.json", table))
    api.wait_state(pipe, "Completed")
    done = ctl("service", "prometheus", service, check=False)
    assert done.returncode == 0 and "ClickPipes_Info" in done.stdout


def test_roles_activities_and_organizations(ctl, api):
    assert api.organization.rsplit("/", 1)[1] in json.dumps(ctl("org", "list"))
    assert ctl("activity", "list", check=False).returncode == 0
