"""SQL in the body on a service's own route, for the keys that are bound to it."""

import pytest

from endpoints import FULL, READ_ONLY
from servers import random_name


@pytest.fixture
def bind(endpoints):
    """`bind(role, origins)` opens the service's route to the caller's key."""

    def upsert(role: str, origins: str = ""):
        return endpoints.api.curl("POST", endpoints.service_endpoint, {
            "roles": [role], "openApiKeys": [endpoints.key.id], "allowedOrigins": origins}).result

    yield upsert
    endpoints.api.curl("DELETE", endpoints.service_endpoint)


def run(endpoints, statement, format="TabSeparated", **more):
    return endpoints.send("POST", f"/service/{endpoints.service}/run", {"format": format}, body={"sql": statement, **more}, headers={
        "auth-provider": "custom", "x-service-type": "clickhouse", "content-type": "text/plain;charset=UTF-8"})


def test_the_binding_is_upserted_and_deleted(endpoints, bind):
    assert endpoints.api.get(endpoints.service_endpoint).status == 404
    made = bind(READ_ONLY, "https://a.example")
    assert made["roles"] == [READ_ONLY] and made["openApiKeys"] == [endpoints.key.id] and made["allowedOrigins"] == "https://a.example"
    again = bind(FULL)
    assert again["id"] == made["id"] and again["roles"] == [FULL] and again["allowedOrigins"] == ""
    assert endpoints.api.get(endpoints.service_endpoint).result == again
    assert run(endpoints, "SELECT 1").body == b"1\n"
    endpoints.api.curl("DELETE", endpoints.service_endpoint).result
    assert endpoints.api.get(endpoints.service_endpoint).status == 404
    assert endpoints.api.curl("DELETE", endpoints.service_endpoint).status == 404
    # The official client binds its key after a refusal in this form, and after no other.
    assert isinstance(run(endpoints, "SELECT 1").json["error"], str)


def test_a_chain_of_writes_with_full_access(endpoints, bind, sql, table):
    bind(FULL)
    assert run(endpoints, f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n").status == 200
    assert run(endpoints, f"INSERT INTO {table} VALUES (1), (2)").status == 200
    assert run(endpoints, f"SELECT sum(n) FROM {table};").body == b"3\n"
    assert sql.value(f"SELECT sum(n) FROM {table}") == 3
    assert run(endpoints, f"DROP TABLE {table}").status == 200
    assert sql.value(f"SELECT count() FROM system.tables WHERE name = '{table}'") == 0


def test_read_only_reads_and_nothing_else(endpoints, bind, sql, table):
    bind(READ_ONLY)
    sql.text(f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n")
    sql.text(f"INSERT INTO {table} VALUES (1)")
    assert run(endpoints, f"SELECT n FROM {table}", database="default").body == b"1\n"
    for statement in (
            f"CREATE TABLE {table}_2 (n UInt8) ENGINE = Memory", f"INSERT INTO {table} VALUES (2)", f"DROP TABLE {table}",
            f"TRUNCATE TABLE {table}", f"ALTER TABLE {table} DELETE WHERE 1", "SYSTEM FLUSH LOGS", "KILL QUERY WHERE 1",
            "CREATE USER x", "GRANT ALL ON *.* TO default", "SET ROLE ALL", "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'x String')",
            "SELECT * FROM executable('x', 'CSV', 'x String')"):
        run(endpoints, statement).failure(400, 403)
    # What no grant takes away, however it is written.
    for statement in (
            "SELECT file('x')", "SELECT FILE /* so */ ('x')", "SELECT `file`('x')", "SELECT \"fi\\x6ce\"('x')", "SELECT 'x' AS x APPLY(file)",
            "SELECT COLUMNS('x') APPLY file FROM (SELECT 'x' AS x)", f"SELECT * FROM mergeTreeIndex(default, {table})",
            f"WITH t AS (SELECT * FROM mergeTreeIndex(default, {table})) SELECT * FROM t", f"SELECT * FROM `mergeTreeIndex`('default', '{table}')"):
        assert "full access" in run(endpoints, statement).failure(403), statement
    assert run(endpoints, "SELECT 'file(1)' AS file, file -- file(2)").status == 200
    assert run(endpoints, "SELECT 1 SETTINGS readonly = 0").status in (400, 403)
    assert sql.rows(f"SELECT n FROM {table}") == [{"n": 1}]
    assert sql.value(f"SELECT count() FROM system.tables WHERE name = '{table}_2'") == 0


def test_answers_of_wrong_sql_and_wrong_bodies(endpoints, bind):
    bind(READ_ONLY)
    assert "SELECT" in run(endpoints, "SELEC 1").failure(403)
    assert "Syntax error" in run(endpoints, "SELECT FROM WHERE").failure(400)
    missing = run(endpoints, f"SELECT * FROM {random_name('no_table_')}").failure(400, 404)
    assert "no_table_" in missing
    run(endpoints, "SELECT 1; SELECT 2").failure(400)
    route = f"/service/{endpoints.service}/run"
    for raw in (b"", b"{", b"[]", b'"x"', b"{}", b'{"sql":""}', b'{"sql":1}', b'{"sql":"SELECT 1","database":3}', b"\xff\xfe"):
        endpoints.send("POST", route, raw=raw).failure(400)
    endpoints.send("POST", "/service/00000000-0000-0000-0000-000000000000/run", body={"sql": "SELECT 1"}).failure(401, 404)
    assert endpoints.send("GET", route).status in (404, 405)
    assert endpoints.send("POST", route, body={"sql": "SELECT 1"}, user=None).failure(401)
    assert endpoints.send("POST", route, body={"sql": "SELECT 1"}, user=(endpoints.key.key_id, "wrong")).failure(401)


def test_a_stopped_service_is_woken_only_by_who_may_and_asks(own_endpoints):
    endpoints = own_endpoints
    admin = endpoints.new_key("waker", roles=["admin"])
    endpoints.api.curl("POST", endpoints.service_endpoint, {
        "roles": [READ_ONLY], "openApiKeys": [endpoints.key.id, admin.id], "allowedOrigins": ""}).result
    route = f"/service/{endpoints.service}/run"

    def ask(key, **headers):
        return endpoints.send("POST", route, {"format": "TabSeparated"}, body={"sql": "SELECT 2"}, user=key.pair, headers=headers)

    assert ask(endpoints.key).body == b"2\n"
    endpoints.api.curl("PATCH", f"{endpoints.api.service}/state", {"command": "stop"}).result
    plain = ask(endpoints.key, **{"wake-service": "true"})
    assert (plain.status, plain.json) == (206, {"data": "Service is stopped"})
    unasked = ask(admin)
    assert (unasked.status, unasked.json) == (206, {"data": "Confirm wake service"})
    woken = ask(admin, **{"wake-service": "true"})
    assert (woken.status, woken.body) == (200, b"2\n")
    assert ask(endpoints.key).body == b"2\n"
