"""Who may call an endpoint, what they may see, from which pages, and how often."""

import statistics
import time
from datetime import datetime, timedelta, timezone

import pytest

from endpoints import EXPOSED, FULL, ORIGIN, READ_ONLY, basic
from servers import random_name, wait_until

UNKNOWN = "00000000-0000-4000-8000-00000000dead"


def test_the_same_401_for_all_credentials_that_do_not_work(own_endpoints):
    endpoints = own_endpoints
    endpoint = endpoints.publish("SELECT 1")
    disabled = endpoints.new_key("disabled")
    endpoints.api.curl("PUT", endpoints.path(endpoint), {
        **endpoints.body("SELECT 1"), "apiKeyIds": [endpoints.key.id, disabled.id]}).result
    assert endpoints.run(endpoint, user=disabled.pair).status == 200
    endpoints.api.curl("PATCH", f"{endpoints.api.organization}/keys/{disabled.id}", {"state": "disabled"}).result
    answers = [
        endpoints.run(endpoint, user=(endpoints.key.key_id, "wrong")), endpoints.run(endpoint, user=("unknown", endpoints.key.secret)),
        endpoints.run(endpoint, user=disabled.pair), endpoints.run(endpoint, user=(disabled.key_id, "wrong"))]
    assert len({a.failure(401) for a in answers}) == 1, answers
    nothing = [endpoints.run(endpoint, user=None)] + [
        endpoints.run(endpoint, headers={"Authorization": text}) for text in ("Basic", "Basic %%%", "Bearer x.y.z", "Digest a", "")]
    assert len({a.failure(401) for a in nothing}) == 1, nothing
    assert all(a.headers["www-authenticate"].startswith("Basic") for a in answers + nothing)
    assert endpoints.run(endpoint, {"user": endpoints.key.key_id, "password": endpoints.key.secret}, user=None).failure(401)


def test_an_unbound_key_an_expired_key_and_another_network(endpoints):
    unbound = endpoints.new_key("unbound")
    soon = (datetime.now(timezone.utc) + timedelta(seconds=1.5)).isoformat().replace("+00:00", "Z")
    expiring = endpoints.new_key("expiring", expireAt=soon)
    elsewhere = endpoints.new_key("elsewhere", ipAccessList=[{"source": "203.0.113.0/24", "description": "not here"}])
    here = endpoints.new_key("here", ipAccessList=[{"source": "127.0.0.1/32", "description": "here"}])
    endpoint = endpoints.publish("SELECT 1", apiKeyIds=[endpoints.key.id, expiring.id, elsewhere.id, here.id])
    assert endpoints.run(endpoint, user=here.pair).status == 200
    endpoints.run(endpoint, user=unbound.pair).failure(401, 403)
    endpoints.run(endpoint, user=elsewhere.pair).failure(401, 403)
    wait_until(lambda: endpoints.run(endpoint, user=expiring.pair).status == 401, 20, "the key to expire")


def test_an_unknown_endpoint_is_404_for_a_key_and_401_for_nobody(endpoints):
    endpoints.run(UNKNOWN).failure(404)
    endpoints.run("not-a-uuid").failure(404)
    unknown, known = endpoints.run(UNKNOWN, user=None), endpoints.run(endpoints.publish("SELECT 1"), user=None)
    assert unknown.failure(401) == known.failure(401)


def test_a_deleted_endpoint_and_a_deleted_key_stop_at_once(endpoints):
    key = endpoints.new_key("for a moment")
    endpoint = endpoints.publish("SELECT 1", apiKeyIds=[endpoints.key.id, key.id])
    assert endpoints.run(endpoint, user=key.pair).status == 200
    assert endpoints.api.curl("DELETE", f"{endpoints.api.organization}/keys/{key.id}").status == 200
    endpoints.run(endpoint, user=key.pair).failure(401)
    assert endpoints.api.curl("DELETE", endpoints.path(endpoint)).status == 200
    endpoints.run(endpoint).failure(404)


def test_an_unknown_key_takes_as_long_as_a_wrong_secret(own_endpoints):
    endpoints = own_endpoints
    endpoint = endpoints.publish("SELECT 1")
    times = {"id": [], "secret": []}
    for _ in range(12):
        for kind, user in (("id", ("unknownunknownunknow", "x" * 43)), ("secret", (endpoints.key.key_id, "x" * 43))):
            started = time.perf_counter()
            assert endpoints.run(endpoint, user=user).status == 401
            times[kind].append(time.perf_counter() - started)
    a, b = (statistics.median(t) for t in times.values())
    assert abs(a - b) < 0.5 * max(a, b), times


# CORS

def preflight(endpoints, endpoint, origin, path="/run/{}"):
    return endpoints.send("OPTIONS", path.format(endpoint), user=None, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"})


@pytest.mark.parametrize("allowed, origin, ok", [
    ([], "https://a.example", False), (["*"], "https://a.example", True), (["*"], "null", False),
    (["https://a.example"], "https://a.example", True), (["https://a.example"], "HTTPS://A.example", True),
    (["https://a.example"], "http://a.example", False), (["https://a.example"], "https://a.example:8443", False),
    (["https://a.example:8443"], "https://a.example:8443", True), (["https://a.example"], "https://a.example:443", True),
    (["https://a.example"], "https://a.example.evil.com", False), (["https://a.example"], "https://b.a.example", False),
    (["https://a.example"], "https://eviла.example", False), (["a.example"], "https://a.example", True),
    (["a.example"], "https://xa.example", False), (["https://a.example", "https://b.example"], "https://b.example", True),
    (["https://a.example"], "null", False), (["null"], "null", True)])
def test_origins(endpoints, allowed, origin, ok):
    endpoint = endpoints.publish("SELECT 1", allowedOrigins=allowed)
    header = {"Origin": origin.encode().decode("latin-1")}
    before = preflight(endpoints, endpoint, header["Origin"])
    assert before.status in ((204,) if ok else (204, 403)) and not before.body
    called = endpoints.run(endpoint, headers=header)
    assert called.status == 200, "an origin never blocks a call, browsers do"
    failed = endpoints.run(endpoint, {"param_unknown": "1", "max_threads": "x"}, headers=header)
    failed.failure(400)
    refused = endpoints.run(endpoint, headers=header, user=None)
    refused.failure(401)
    for answer in (before, called, failed, refused):
        if ok:
            assert answer.headers[ORIGIN] in (header["Origin"], "*"), answer
            assert "origin" in answer.headers.get("vary", "").lower() or answer.headers[ORIGIN] == "*"
        else:
            assert ORIGIN not in answer.headers, answer
    if ok:
        assert {m.strip() for m in before.headers["access-control-allow-methods"].split(",")} == {"GET", "POST", "OPTIONS"}
        wanted = {"authorization", "content-type", "x-clickhouse-endpoint-version", "x-clickhouse-endpoint-upgrade"}
        assert wanted <= {h.strip().lower() for h in before.headers["access-control-allow-headers"].split(",")}
        assert int(before.headers["access-control-max-age"]) > 0
        assert "x-request-id" in called.headers[EXPOSED].lower() and "x-clickhouse-summary" in called.headers[EXPOSED].lower()


def test_a_preflight_asks_nobody_and_calls_nothing(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(f"SELECT '{marker}'", allowedOrigins=["https://a.example"])
    for form in ("/run/{}", "/.api/query-endpoints/{}/run", "/query-endpoints/{}/run"):
        assert preflight(endpoints, endpoint, "https://a.example", form).headers[ORIGIN] == "https://a.example"
    assert ORIGIN not in preflight(endpoints, UNKNOWN, "https://a.example").headers
    assert endpoints.run(endpoint).status == 200
    assert len([q for q in endpoints.logged(marker) if q["type"] == "QueryFinish" and "DESCRIBE" not in q["query"]]) == 1


# Roles

@pytest.fixture
def tenants(sql, table):
    """A table of two tenants, a role that sees one of them, and a role that sees another table only."""
    north, other = random_name("north_"), random_name("other_")
    sql.text(f"CREATE TABLE {table} (tenant String, n UInt32) ENGINE = MergeTree ORDER BY n")
    sql.text(f"INSERT INTO {table} VALUES ('north', 1), ('north', 2), ('south', 3)")
    for role in (north, other):
        sql.text(f"CREATE ROLE {role}")
    sql.text(f"GRANT SELECT ON default.{table} TO {north}")
    sql.text(f"CREATE ROW POLICY {north} ON default.{table} FOR SELECT USING tenant = 'north' TO {north}")
    yield table, north, other
    sql.text(f"DROP ROW POLICY {north} ON default.{table}")
    sql.text(f"DROP ROLE {north}, {other}")


def test_a_role_sees_its_rows_and_no_others(endpoints, tenants):
    table, north, other = tenants
    statement = f"SELECT tenant, sum(n) AS n FROM {table} GROUP BY tenant ORDER BY tenant"
    assert endpoints.run(endpoints.publish(statement, roles=[north]), {"format": "JSONEachRow"}).rows == [{"tenant": "north", "n": 3}]
    everything = endpoints.run(endpoints.publish(statement), {"format": "JSONEachRow"})
    assert everything.rows == [{"tenant": "north", "n": 3}, {"tenant": "south", "n": 3}]


def test_a_role_without_the_grant_is_refused(endpoints, tenants, sql):
    table, north, other = tenants
    answer = endpoints.api.curl("POST", endpoints.collection, endpoints.body(f"SELECT n FROM {table}", roles=[other]))
    if answer.status == 201:
        endpoints.made.append(answer.json["result"]["id"])
        endpoints.run(answer.json["result"]["id"]).failure(403)
    else:
        assert answer.status == 400 and table in answer.error
    endpoint = endpoints.publish(f"SELECT n FROM {table}", roles=[north])
    assert endpoints.run(endpoint).status == 200
    sql.text(f"REVOKE SELECT ON default.{table} FROM {north}")
    endpoints.run(endpoint).failure(403)
    unknown = endpoints.api.curl("POST", endpoints.collection, endpoints.body("SELECT 1", roles=[random_name("no_role_")]))
    assert unknown.status in (400, 404) and "no_role_" in unknown.error


def test_read_only_never_writes(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n")
    answer = endpoints.api.curl("POST", endpoints.collection, endpoints.body(f"INSERT INTO {table} VALUES (1)", roles=[READ_ONLY]))
    if answer.status == 201:
        endpoints.made.append(answer.json["result"]["id"])
        endpoints.run(answer.json["result"]["id"], method="POST").failure(400, 403)
    else:
        assert answer.status == 400, answer.text
    writer = endpoints.publish(f"INSERT INTO {table} VALUES (2)", roles=[FULL])
    endpoints.run(writer).failure(400, 403, 405)
    assert sql.value(f"SELECT count() FROM {table}") == 0, "GET never writes"
    assert endpoints.run(writer, method="POST").text.strip() == "OK"
    assert sql.value(f"SELECT sum(n) FROM {table}") == 2


# Limits

def test_more_calls_than_allowed_are_429_and_say_when(endpoints):
    other = endpoints.new_key("other")
    endpoint = endpoints.publish("SELECT 1", apiKeyIds=[endpoints.key.id, other.id], limits={"requestsPerMinuteAndKey": 5})
    answers = [endpoints.run(endpoint) for _ in range(9)]
    assert [a.status for a in answers[:5]] == [200] * 5 and answers[-1].status == 429, [a.status for a in answers]
    answers[-1].failure(429)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert endpoints.run(endpoint, user=other.pair).status == 200, "the limit is each key's own"
    together = endpoints.publish("SELECT 1", apiKeyIds=[endpoints.key.id, other.id], limits={"requestsPerMinute": 3})
    statuses = [endpoints.run(together, user=(endpoints.key, other)[i % 2].pair).status for i in range(6)]
    assert statuses[:3] == [200] * 3 and statuses[-1] == 429, statuses


def test_a_result_and_a_body_that_are_too_large_are_refused(endpoints, sql, table):
    rows = endpoints.publish("SELECT number FROM numbers({n: UInt64})", limits={"resultRows": 100})
    assert endpoints.run(rows, {"param_n": 100}).status == 200
    endpoints.run(rows, {"param_n": 1_000_000}).failure(400, 503)
    sql.text(f"CREATE TABLE {table} (s String) ENGINE = MergeTree ORDER BY tuple()")
    small = endpoints.publish(f"INSERT INTO {table}", roles=[FULL], limits={"bodyBytes": 1000})
    assert endpoints.run(small, {"format": "CSV"}, raw=b"x\n" * 100, headers={"Content-Type": "text/csv"}).status == 200
    endpoints.run(small, {"format": "CSV"}, raw=b"x\n" * 1000, headers={"Content-Type": "text/csv"}).failure(413)
    assert sql.value(f"SELECT count() FROM {table}") == 100
    assert basic(endpoints.key.pair) not in endpoints.api.penstock.output()
