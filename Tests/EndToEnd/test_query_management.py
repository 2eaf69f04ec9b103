"""Saved queries and query API endpoints as resources: over the API and by the official client, against a real ClickHouse."""

import json

import pytest
from openapi_spec_validator import validate

from api import API, clickhousectl

DOCUMENTED = """SELECT uploader, sum(views) AS views FROM {table} WHERE year = {{year:UInt16}} GROUP BY uploader ORDER BY views DESC"""


@pytest.fixture
def ctl(api, tmp_path):
    return lambda *arguments, **options: clickhousectl(api, tmp_path, *arguments, **options)


@pytest.fixture
def videos(sql, table):
    sql.text(f"CREATE TABLE {table} (uploader String, views UInt64, year UInt16) ENGINE = MergeTree ORDER BY year")
    yield table


@pytest.fixture(scope="module")
def caller(api):
    """Resource id of a key that may run endpoints."""
    made = api.curl("POST", f"{api.organization}/keys", {"name": "caller", "roles": ["query_endpoints"]}).result
    yield made["key"]["id"]
    api.curl("DELETE", f"{api.organization}/keys/{made['key']['id']}")


@pytest.fixture
def publish(api, caller):
    made = []

    def publish(status=201, **fields):
        body = {"name": "test", "database": "default", "apiKeyIds": [caller], "roles": ["sql_console_read_only"], **fields}
        answer = api.curl("POST", f"{api.service}/query-api-endpoints", body)
        assert answer.status == status, answer.text
        if status != 201:
            return answer.error
        made.append(answer.json["result"]["id"])
        return answer.json["result"]

    yield publish
    for id in made:
        api.curl("DELETE", f"{api.service}/query-api-endpoints/{id}")


def unwrapped(answer):
    return answer["result"] if isinstance(answer, dict) and "result" in answer else answer


def test_saved_queries_by_the_official_client(ctl, penstock):
    service = penstock.credentials["serviceId"]
    made = unwrapped(ctl(
        "saved-query", "create", service, "--name", "by cli", "--sql", "SELECT {a:UInt8}", "--database", "default", "--param", "a=7"))
    assert made["parameters"] == {"a": "7"} and made["name"] == "by cli"
    assert made["id"] in json.dumps(unwrapped(ctl("saved-query", "list", service)))
    assert unwrapped(ctl("saved-query", "get", service, "--name", "by cli"))["sql"] == "SELECT {a:UInt8}"
    again = ctl("saved-query", "create", service, "--name", "by cli", "--sql", "SELECT 1", "--database", "default", check=False)
    assert again.returncode != 0 and "exists already" in again.stdout + again.stderr
    ctl("saved-query", "delete", service, made["id"])
    assert ctl("saved-query", "get", service, made["id"], check=False).returncode != 0


def test_endpoints_by_the_official_client(ctl, penstock, caller, videos, tmp_path):
    service = penstock.credentials["serviceId"]
    file = tmp_path / "endpoint.json"
    body = {
        "name": "by cli", "sql": DOCUMENTED.format(table=videos), "database": "default", "apiKeyIds": [caller],
        "roles": ["sql_console_read_only"], "parameters": {"year": "2010"}, "allowedOrigins": ["https://app.example.com"]}
    file.write_text(json.dumps(body))
    made = unwrapped(ctl("query-api-endpoint", "create", "--file", str(file), service))
    assert made["url"] == f"{penstock.base}/run/{made['id']}" and made["ownerType"] == "queryApiEndpoint"
    assert {name: made[name] for name in body} == body
    listed = unwrapped(ctl("query-api-endpoint", "list", service))
    assert made["id"] in json.dumps(listed) and "SELECT" not in json.dumps(listed)
    assert unwrapped(ctl("query-api-endpoint", "get", service, "--name", "by cli"))["id"] == made["id"]
    del body["parameters"], body["allowedOrigins"]
    file.write_text(json.dumps({**body, "name": "renamed"}))
    updated = unwrapped(ctl("query-api-endpoint", "update", "--file", str(file), service, made["id"]))
    assert updated["name"] == "renamed" and updated["parameters"] == {} and updated["allowedOrigins"] == []
    ctl("query-api-endpoint", "delete", service, made["id"])
    assert ctl("query-api-endpoint", "get", service, made["id"], check=False).returncode != 0


def test_the_service_endpoint_by_the_official_client(ctl, api, penstock, caller):
    service = penstock.credentials["serviceId"]
    assert ctl("service", "query-endpoint", "get", service, check=False).returncode != 0
    made = unwrapped(ctl(
        "service", "query-endpoint", "create", service, "--role", "sql_console_read_only", "--open-api-key", caller,
        "--allowed-origins", "*"))
    assert made["openApiKeys"] == [caller] and made["roles"] == ["sql_console_read_only"] and made["allowedOrigins"] == "*"
    own = api.get("/v1/whoami").result["keyId"]
    merged = unwrapped(ctl(
        "service", "query-endpoint", "create", service, "--role", "sql_console_admin", "--open-api-key", own))
    assert sorted(merged["openApiKeys"]) == sorted([caller, own]) and merged["id"] == made["id"]
    ctl("service", "query-endpoint", "delete", service)
    assert api.get(f"{api.service}/serviceQueryEndpoint").status == 404


@pytest.mark.parametrize("sql_text,reason", [
    ("SELECT nope FROM {table}", "nope"),
    ("SELECT * FROM no_such_table", "no_such_table"),
    ("SELECT no_such_function(1)", "no_such_function"),
    ("SELECT 1 FORMAT NoSuchFormat", "NoSuchFormat"),
    ("SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", "READ ON URL"),
    ("SELECT * FROM system.query_log", "query_log"),
    ("SELCT 1", "SELCT"),
    ("SELECT FROM WHERE", "Syntax error"),
])
def test_what_cannot_run_is_refused_with_the_servers_reason(publish, videos, penstock, sql_text, reason):
    error = publish(400, sql=sql_text.format(table=videos))
    assert reason in error and "sql" in error, error
    for secret in ("penstock_query", "Stack trace", "DB::", "127.0.0.1:9000"):
        assert secret not in error, error


def test_a_role_that_does_not_exist_is_named(publish):
    assert "no_such_role" in publish(400, sql="SELECT 1", roles=["no_such_role"])


def test_a_role_of_ones_own_is_made_usable(publish, sql, videos):
    sql.text("CREATE ROLE IF NOT EXISTS penstock_test_readers")
    refused = publish(400, sql=f"SELECT uploader FROM {videos}", roles=["penstock_test_readers"])
    assert "SELECT" in refused and "penstock_query" not in refused
    sql.text(f"GRANT SELECT ON {videos} TO penstock_test_readers")
    assert publish(sql=f"SELECT uploader FROM {videos}", roles=["penstock_test_readers"])["roles"] == ["penstock_test_readers"]
    sql.text("DROP ROLE penstock_test_readers")


def test_trying_a_statement_changes_nothing(publish, sql, videos):
    publish(sql=f"INSERT INTO {videos} SELECT 'a', 1, 2010", roles=["sql_console_admin"])
    publish(sql=f"INSERT INTO {videos} VALUES ({{u:String}}, 1, 2010)", roles=["sql_console_admin"])
    publish(sql=f"INSERT INTO {videos}", roles=["sql_console_admin"])
    publish(sql=f"INSERT INTO {videos} SELECT c, 1, {{y:UInt16}} FROM input('c String') FORMAT CSV", roles=["sql_console_admin"])
    publish(sql=f"TRUNCATE TABLE {videos}", roles=["sql_console_admin"])
    publish(sql=f"DROP TABLE {videos}", roles=["sql_console_admin"])
    assert sql.value(f"SELECT count() FROM {videos}") == 0
    assert "no_such_table" in publish(400, sql="INSERT INTO no_such_table SELECT 1", roles=["sql_console_admin"])


def test_values_made_up_for_the_trial_refuse_nothing(publish):
    for text in (
            "SELECT toDate({d:String})", "SELECT parseDateTimeBestEffort({d:String})", "SELECT intDiv(1, {n:UInt8} - 1)",
            "SELECT toUUID({u:String})", "SELECT throwIf({n:UInt8} = 1)", "SELECT * FROM {t:Identifier}",
            "SELECT match('a', {r:String})", "SELECT number FROM numbers(10) LIMIT {n:UInt64} OFFSET {o:UInt64}"):
        publish(sql=text)


TYPES = [
    "UInt8", "Int64", "UInt64", "UInt256", "Float32", "Decimal(18, 4)", "Bool", "String", "FixedString(4)", "UUID", "IPv4", "IPv6",
    "Date", "Date32", "DateTime", "DateTime64(3, 'UTC')", "Enum8('it''s' = 1, 'b' = 2)", "Array(Array(UInt32))",
    "Map(String, Array(UInt8))", "Tuple(UInt8, String)", "Tuple(a UInt8, b Nullable(String))", "Nullable(Date)",
    "LowCardinality(Nullable(String))", "Nullable(UInt64)",
]
DEFAULTS = {
    "UInt8": "7", "UInt64": "18446744073709551615", "Float32": "1.5", "Decimal(18, 4)": "1.25", "Bool": "true", "String": "ä \"b\"",
    "UUID": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "Date": "2020-01-31", "DateTime": "2020-01-31 12:00:00",
    "Enum8('it''s' = 1, 'b' = 2)": "it's", "Array(Array(UInt32))": "[[1],[2,3]]", "Nullable(Date)": "\\N",
    "Map(String, Array(UInt8))": "{'a':[1]}", "IPv6": "::1",
}


def test_openapi_documents_are_valid(api, publish, penstock):
    names = [f"p{index}" for index in range(len(TYPES))]
    endpoint = publish(
        name="every type", sql="SELECT " + ", ".join(f"{{{name}:{type}}}" for name, type in zip(names, TYPES)),
        parameters={name: DEFAULTS[type] for name, type in zip(names, TYPES) if type in DEFAULTS},
        tokens={"algorithm": "HS256", "secret": "0123456789abcdef0123456789abcdef", "fixedParameters": {"p1": "sub"}},
        limits={"executionMilliseconds": 5000}, cacheSeconds=10)
    wrapped = publish(name="wrapped", sql="SELECT 1", answerVersion=1, format="CSV")
    stream = publish(name="insert", sql="INSERT INTO FUNCTION null('a UInt8')", roles=["sql_console_admin"])
    endpoints = f"{api.service}/query-api-endpoints"
    for made in (endpoint, wrapped, stream):
        answer = api.get(f"{endpoints}/{made['id']}/openapi")
        assert answer.status == 200
        validate(answer.json)
        assert list(answer.json["paths"]) == [f"/run/{made['id']}"]
        assert answer.json["servers"] == [{"url": penstock.base}]
        assert "0123456789abcdef" not in answer.text
    whole = api.get(f"{endpoints}/openapi").json
    validate(whole)
    assert {f"/run/{made['id']}" for made in (endpoint, wrapped, stream)} <= set(whole["paths"])
    assert "get" not in whole["paths"][f"/run/{stream['id']}"]


def test_versions_from_publish_to_rollback(api, publish):
    made = publish(sql="SELECT 1 AS a")
    path = f"{api.service}/query-api-endpoints/{made['id']}"
    assert api.curl("PUT", path, {**made, "sql": "SELECT 2 AS a"}).result["version"] == 2
    kept = api.curl("PUT", path, {**made, "sql": "SELECT 3 AS a", "publish": False}).result
    assert kept["keptVersion"] == 3 and kept["version"] == 2 and kept["sql"] == "SELECT 2 AS a"
    versions = api.get(f"{path}/versions").result
    assert [(v["number"], v["published"]) for v in versions] == [(3, False), (2, True), (1, False)]
    assert api.curl("POST", f"{path}/versions/3/publish").result["sql"] == "SELECT 3 AS a"
    assert api.curl("POST", f"{path}/versions/1/publish").result["version"] == 1
    assert api.get(f"{path}/versions/2").result["sql"] == "SELECT 2 AS a"


def test_a_manager_of_endpoints_gets_no_full_access(api, penstock, publish):
    role = api.curl("POST", f"{api.organization}/roles", {"name": "endpoint managers", "actors": [], "policies": [{
        "allowDeny": "ALLOW", "permissions": ["control-plane:service:manage-query-api-endpoints"],
        "resources": [f"instance/{penstock.credentials['serviceId']}"]}]}).result
    key = api.curl("POST", f"{api.organization}/keys", {"name": "manager", "assignedRoleIds": [role["id"]]}).result
    manager = API(penstock, key["keyId"], key["keySecret"])
    strong = publish(sql="SELECT 1", roles=["sql_console_admin"])
    path = f"{manager.service}/query-api-endpoints/{strong['id']}"
    assert manager.get(path).status == 200
    assert manager.curl("PUT", path, {**strong, "sql": "SELECT 2"}).status == 403
    assert manager.curl("DELETE", path).status == 403
    own = {**strong, "roles": ["sql_console_read_only"], "apiKeyIds": [key["key"]["id"]]}
    assert "may not run query endpoints" in manager.curl("POST", f"{manager.service}/query-api-endpoints", own).error
    api.curl("DELETE", f"{api.organization}/keys/{key['key']['id']}")
    api.curl("DELETE", f"{api.organization}/roles/{role['id']}")
