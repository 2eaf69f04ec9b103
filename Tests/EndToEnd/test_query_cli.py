"""The official client, clickhousectl 0.5.0, runs SQL and keeps saved queries and endpoints here by changing the host only."""

import json

import pytest

from api import API, clickhousectl
from endpoints import READ_ONLY
from servers import random_name


@pytest.fixture
def ctl(api, tmp_path):
    """`ctl(…)` gives the client's JSON; `ctl(…, check=False)` the finished process."""
    return lambda *arguments, **options: clickhousectl(api, tmp_path, *arguments, **options)


@pytest.fixture
def query(api, tmp_path):
    """`cloud service query …`, whose output is the answer itself."""
    return lambda *arguments: clickhousectl(api, tmp_path, "service", "query", *arguments, check=False, json_output=False)


@pytest.fixture
def unbound(endpoints, api):
    """The service before anybody bound a key to it, and after."""
    api.curl("DELETE", endpoints.service_endpoint)
    yield
    api.curl("DELETE", endpoints.service_endpoint)


def result(answer):
    return answer["result"] if isinstance(answer, dict) and "result" in answer else answer


def lines(done) -> list:
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def test_query_binds_its_key_by_itself_and_runs(query, endpoints, api, unbound, sql, table):
    service = endpoints.service
    assert api.get(endpoints.service_endpoint).status == 404
    refused = query(service, "--no-auto-enable", "-q", "SELECT 1 AS x")
    assert refused.returncode != 0
    done = query(service, "--format", "JSONEachRow", "-q", "SELECT 1 AS x, 'a' AS y")
    assert lines(done) == [{"x": 1, "y": "a"}]
    bound = api.get(endpoints.service_endpoint).result
    whoami = api.get("/v1/whoami").result
    assert bound["openApiKeys"] == [whoami["keyId"]] and bound["roles"]
    done = query(service, "--no-auto-enable", "--format", "TabSeparated", "-q", "SELECT 1 + 1")
    assert done.stdout == "2\n"
    sql.text(f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n")
    sql.text(f"INSERT INTO {table} VALUES (5)")
    done = query(service, "--database", "default", "--format", "CSV", "-q", f"SELECT n FROM {table};")
    assert done.stdout == "5\n"
    wrong = query(service, "-q", "SELEC 1")
    assert wrong.returncode == 1 and "SELEC" in wrong.stdout + wrong.stderr


def test_query_by_name_from_a_file_and_with_large_answers(query, endpoints, api, unbound, tmp_path):
    name = api.get(api.service).result["name"]
    file = tmp_path / "q.sql"
    file.write_text("SELECT number FROM numbers(100000)\n")
    done = query("--name", name, "--queries-file", str(file), "--format", "TabSeparated")
    assert done.stdout.splitlines() == [str(n) for n in range(100_000)]


def test_the_query_endpoint_of_a_service(ctl, endpoints, api, unbound):
    service = endpoints.service
    made = result(ctl("service", "query-endpoint", "create", service, "--role", READ_ONLY, "--open-api-key", endpoints.key.id,
                      "--allowed-origins", "https://a.example"))
    assert made["roles"] == [READ_ONLY] and made["openApiKeys"] == [endpoints.key.id]
    second = endpoints.new_key("second")
    merged = result(ctl("service", "query-endpoint", "create", service, "--role", READ_ONLY, "--open-api-key", second.id))
    assert sorted(merged["openApiKeys"]) == sorted([endpoints.key.id, second.id]) and merged["allowedOrigins"] == "https://a.example"
    assert result(ctl("service", "query-endpoint", "get", service))["id"] == made["id"]
    caller = API(api.penstock, second.key_id, second.secret)
    assert caller.curl("POST", f"/service/{service}/run?format=TabSeparated", {"sql": "SELECT 7"}).text.strip() == "7"
    ctl("service", "query-endpoint", "delete", service)
    assert ctl("service", "query-endpoint", "get", service, check=False).returncode != 0


def test_saved_queries_from_create_to_delete(ctl, endpoints, tmp_path):
    service, name = endpoints.service, random_name("saved ")
    made = result(ctl("saved-query", "create", service, "--name", name, "--database", "default", "--sql",
                      "SELECT {y: UInt16} AS y", "--param", "y=2010"))
    assert made["name"] == name and made["parameters"] == {"y": "2010"}
    assert result(ctl("saved-query", "get", service, made["id"]))["sql"] == "SELECT {y: UInt16} AS y"
    assert result(ctl("saved-query", "get", service, "--name", name))["id"] == made["id"]
    assert made["id"] in json.dumps(ctl("saved-query", "list", service, "--limit", "100"))
    taken = ctl("saved-query", "create", service, "--name", name, "--database", "default", "--sql", "SELECT 1", check=False)
    assert taken.returncode != 0
    file = tmp_path / "q.sql"
    file.write_text("SELECT 2 AS z")
    changed = result(ctl("saved-query", "update", service, made["id"], "--new-name", name + " 2", "--database", "default", "--sql-file", str(file)))
    assert changed["name"] == name + " 2" and changed["sql"] == "SELECT 2 AS z" and not changed.get("parameters")
    ctl("saved-query", "delete", service, made["id"])
    assert ctl("saved-query", "get", service, made["id"], check=False).returncode != 0


def test_query_api_endpoints_from_create_to_delete(ctl, endpoints, tmp_path):
    service = endpoints.service
    file = tmp_path / "endpoint.json"
    definition = endpoints.body("SELECT {y: UInt16} AS y", parameters={"y": "7"}, allowedOrigins=["https://a.example"])
    file.write_text(json.dumps(definition))
    made = result(ctl("query-api-endpoint", "create", service, "--file", str(file)))
    assert made["url"].endswith(f"/run/{made['id']}") and made["ownerType"] == "queryApiEndpoint"
    endpoints.made.append(made["id"])
    assert endpoints.run(made["id"], {"format": "JSONEachRow"}).rows == [{"y": 7}]
    got = result(ctl("query-api-endpoint", "get", service, "--name", definition["name"]))
    assert {k: got[k] for k in definition} == definition
    assert made["id"] in json.dumps(ctl("query-api-endpoint", "list", service))
    file.write_text(json.dumps({k: v for k, v in definition.items() if k not in ("parameters", "allowedOrigins")}))
    changed = result(ctl("query-api-endpoint", "update", service, made["id"], "--file", str(file)))
    assert not changed.get("parameters") and not changed.get("allowedOrigins")
    endpoints.run(made["id"]).failure(400)
    ctl("query-api-endpoint", "delete", service, made["id"])
    assert ctl("query-api-endpoint", "get", service, made["id"], check=False).returncode != 0
    endpoints.run(made["id"]).failure(404)


def test_lists_are_paged_as_the_client_asks(ctl, endpoints):
    made = {endpoints.publish("SELECT 1") for _ in range(5)}
    seen, cursor = [], None
    while True:
        page = ctl("query-api-endpoint", "list", endpoints.service, "--limit", "2", *(["--cursor", cursor] if cursor else []))
        text = json.dumps(page)
        seen += [e["id"] for e in (page.get("endpoints") or page.get("items") or page.get("result"))] if isinstance(page, dict) else [e["id"] for e in page]
        cursor = page.get("nextCursor") or (page.get("pagination") or {}).get("nextCursor") if isinstance(page, dict) else None
        if not cursor:
            break
        assert len(seen) <= 1000, text
    assert made <= set(seen) and len(seen) == len(set(seen))
