"""Endpoints over time: their documents, versions, rollback, restarts, and what is said of them in OpenAPI."""

from openapi_spec_validator import validate

from api import API, SQL
from endpoints import READ_ONLY, Endpoints
from servers import Penstock, random_name


def test_the_document_of_an_endpoint(endpoints):
    made = endpoints.create("SELECT {y: UInt8} AS y", parameters={"y": "1"}, allowedOrigins=["https://a.example"])
    assert made["url"] == f"{endpoints.api.penstock.base}/run/{made['id']}" and made["ownerType"] == "queryApiEndpoint"
    assert made["roles"] == [READ_ONLY] and made["apiKeyIds"] == [endpoints.key.id] and made["database"] == "default"
    assert endpoints.get(made["id"]) == made
    listed = endpoints.api.get(endpoints.collection)
    item = next(e for e in listed.json["result"] if e["id"] == made["id"])
    assert "sql" not in item and "parameters" not in item and item["name"] == made["name"]
    for change, field in (
            ({"name": " "}, "name"), ({"sql": ""}, "sql"), ({"sql": "SELECT {x"}, "sql"), ({"sql": "SELECT 1; SELECT 2"}, "sql"),
            ({"sql": "SELECT 1 FROM no_such_table_at_all"}, "no_such_table_at_all"), ({"apiKeyIds": []}, "apiKeyIds"),
            ({"apiKeyIds": ["00000000-0000-4000-8000-00000000dead"]}, "apiKeyIds"), ({"roles": []}, "roles"), ({"roles": [""]}, "roles"),
            ({"database": ""}, "database"), ({"parameters": {"y": "300"}}, "y"), ({"parameters": {"other": "1"}}, "other"),
            ({"allowedOrigins": ["https://a.example/path"]}, "allowedOrigins"), ({"cacheSeconds": -1}, "cacheSeconds"),
            ({"limits": {"resultRows": 0}}, "resultRows"), ({"limits": {"settings": ["readonly"]}}, "limits.settings[0]")):
        answer = endpoints.api.curl("PUT", endpoints.path(made["id"]), {**endpoints.body("SELECT {y: UInt8} AS y"), **change})
        assert answer.status in (400, 404) and field in answer.error, (change, answer.text)
    assert endpoints.get(made["id"]) == made


def test_a_put_replaces_and_every_query_stays_a_version(endpoints):
    endpoint = endpoints.publish("SELECT 1 AS v")
    run = lambda: endpoints.run(endpoint, {"format": "CSV"}).text  # noqa: E731
    assert run() == "1\n"
    second = endpoints.api.curl("PUT", endpoints.path(endpoint), endpoints.body("SELECT 2 AS v")).result
    assert second["version"] == 2 and run() == "2\n", "live at once"
    kept = endpoints.api.curl("PUT", endpoints.path(endpoint), {**endpoints.body("SELECT 3 AS v"), "publish": False}).result
    assert kept["version"] == 2 and kept["keptVersion"] == 3 and run() == "2\n"
    versions = endpoints.api.get(f"{endpoints.path(endpoint)}/versions").result
    assert [(v["number"], v["sql"], v["published"]) for v in versions] == [
        (3, "SELECT 3 AS v", False), (2, "SELECT 2 AS v", True), (1, "SELECT 1 AS v", False)]
    assert endpoints.api.get(f"{endpoints.path(endpoint)}/versions/3").result == versions[0]
    for number in (3, 1, 2):
        published = endpoints.api.curl("POST", f"{endpoints.path(endpoint)}/versions/{number}/publish").result
        assert published["version"] == number and run() == f"{number}\n"
    for number, status in (("4", 404), ("0", 400), ("x", 400)):
        assert endpoints.api.curl("POST", f"{endpoints.path(endpoint)}/versions/{number}/publish").status == status
    assert run() == "2\n"


def test_a_rollback_gives_no_access_back(endpoints):
    revoked = endpoints.new_key("revoked")
    endpoint = endpoints.publish("SELECT 1 AS v", apiKeyIds=[endpoints.key.id, revoked.id], allowedOrigins=["*"])
    endpoints.api.curl("PUT", endpoints.path(endpoint), endpoints.body("SELECT 2 AS v")).result
    endpoints.api.curl("POST", f"{endpoints.path(endpoint)}/versions/1/publish").result
    assert endpoints.run(endpoint, {"format": "CSV"}).text == "1\n"
    endpoints.run(endpoint, user=revoked.pair).failure(401, 403)
    assert "access-control-allow-origin" not in endpoints.run(endpoint, headers={"Origin": "https://a.example"}).headers


def test_a_version_that_cannot_run_any_more_is_not_published(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n")
    endpoint = endpoints.publish(f"SELECT count() FROM {table}")
    endpoints.api.curl("PUT", endpoints.path(endpoint), endpoints.body("SELECT 2")).result
    sql.text(f"DROP TABLE {table} SYNC")
    refused = endpoints.api.curl("POST", f"{endpoints.path(endpoint)}/versions/1/publish")
    assert refused.status == 400 and table in refused.error
    assert endpoints.run(endpoint, {"format": "CSV"}).text == "2\n"


def test_saved_queries(endpoints):
    name = random_name("saved ")
    body = {"name": name, "sql": "SELECT {y: UInt16}", "database": "default", "parameters": {"y": "2010"}}
    made = endpoints.api.curl("POST", endpoints.saved, body)
    assert made.status == 201
    saved = made.json["result"]
    assert {k: saved[k] for k in body} == body
    path = f"{endpoints.saved}/{saved['id']}"
    assert endpoints.api.curl("POST", endpoints.saved, body).status == 409
    changed = endpoints.api.curl("PUT", path, {**body, "sql": "SELECT 1", "parameters": {}}).result
    assert changed["sql"] == "SELECT 1" and endpoints.api.get(path).result == changed
    assert endpoints.api.curl("DELETE", path).status == 200 and endpoints.api.get(path).status == 404


def test_a_restart_forgets_nothing(tmp_path):
    server = Penstock(tmp_path / "data")
    endpoints = Endpoints(API(server), SQL(server.credentials["clickhouseURL"]))
    endpoints.sql.text("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    endpoints.sql.text("INSERT INTO t VALUES (7)")
    made = endpoints.create("SELECT n + {x: UInt8} AS n FROM t", parameters={"x": "1"}, cacheSeconds=5, limits={"resultRows": 10})
    endpoints.api.curl("PUT", endpoints.path(made["id"]), {**endpoints.body("SELECT n AS n FROM t")}).result
    endpoints.api.curl("POST", endpoints.service_endpoint, {
        "roles": [READ_ONLY], "openApiKeys": [endpoints.key.id], "allowedOrigins": ""}).result
    saved = endpoints.api.curl("POST", endpoints.saved, {"name": "s", "sql": "SELECT 1", "database": "default"}).json["result"]
    before = endpoints.get(made["id"]), endpoints.api.get(f"{endpoints.path(made['id'])}/versions").result
    for violently in (False, True):
        server.kill() if violently else server.stop()
        # The address is new: the port was chosen by the system.
        server = Penstock(tmp_path / "data")
        administrator = API(server, endpoints.api.key_id, endpoints.api.key_secret)
        endpoints.api = administrator
        after = endpoints.get(made["id"])
        assert {**after, "url": ""} == {**before[0], "url": ""}
        assert administrator.get(f"{endpoints.path(made['id'])}/versions").result == before[1]
        assert endpoints.run(made["id"], {"format": "CSV"}).text == "7\n"
        assert administrator.get(f"{endpoints.saved}/{saved['id']}").result == saved
        served = endpoints.send("POST", f"/service/{endpoints.service}/run", {"format": "CSV"}, body={"sql": "SELECT n FROM t"})
        assert served.text == "7\n"
        endpoints.run(made["id"], user=(endpoints.key.key_id, "wrong")).failure(401)
    server.stop()


def test_openapi_of_one_endpoint_and_of_all(endpoints):
    read = endpoints.publish(
        "SELECT {y: UInt16} AS y, {s: Nullable(String)} AS s, {a: Array(Int64)} AS a, {d: DateTime} AS d, {e: Enum8('x' = 1, 'y' = 2)} AS e",
        parameters={"y": "7"}, allowedOrigins=["*"], cacheSeconds=5)
    other = endpoints.publish("SELECT 1 AS x")
    one = endpoints.api.get(f"{endpoints.path(read)}/openapi")
    assert one.status == 200
    document = one.json
    validate(document)
    assert document["openapi"].startswith("3.1")
    operations = [o for p in document["paths"].values() for m, o in p.items() if m in ("get", "post")]
    assert len(operations) == 2 and f"/run/{read}" in document["paths"]
    parameters = {p["name"]: p for p in document["paths"][f"/run/{read}"]["get"]["parameters"] if "name" in p}
    assert {"param_y", "param_s", "param_a", "param_d", "param_e", "format"} <= set(parameters)
    assert parameters["param_a"]["required"] and not parameters["param_y"].get("required", False)
    every = endpoints.api.get(f"{endpoints.collection}/openapi").json
    validate(every)
    assert {f"/run/{read}", f"/run/{other}"} <= set(every["paths"])
    validate(endpoints.api.get("/v1").json)
