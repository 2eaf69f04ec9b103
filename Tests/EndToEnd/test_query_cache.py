"""Results that are served again: to whom, for how long, and which never."""

import http.client
import threading
import urllib.parse

import pytest

from endpoints import FULL, basic
from servers import random_name, wait_until

UNIQUE = "SELECT generateUUIDv4() AS u, {p: String} AS p"


def test_a_result_is_served_again_until_it_is_old(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(UNIQUE + f", '{marker}' AS m", cacheSeconds=2)
    query = {"format": "JSONEachRow", "param_p": "a"}
    first, second = endpoints.run(endpoint, query), endpoints.run(endpoint, query)
    assert first.headers["x-cache"] == "MISS" and second.headers["x-cache"] == "HIT"
    assert first.body == second.body and first.headers["etag"] == second.headers["etag"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert second.headers["content-type"] == first.headers["content-type"] and "max-age=" in second.headers["cache-control"]
    assert len([q for q in endpoints.logged(marker) if q["type"] == "QueryFinish" and q["query"].startswith("SELECT")]) == 1
    fresh = wait_until(lambda: (a := endpoints.run(endpoint, query)).body != first.body and a, 20, "the result to grow old")
    assert fresh.headers["x-cache"] == "MISS"


def test_a_client_that_has_the_result_gets_304(endpoints):
    endpoint = endpoints.publish(UNIQUE, cacheSeconds=60)
    query = {"format": "JSONEachRow", "param_p": "a"}
    first = endpoints.run(endpoint, query)
    for tag in (first.headers["etag"], "W/" + first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        again = endpoints.run(endpoint, query, headers={"If-None-Match": tag})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"]), tag
    assert endpoints.run(endpoint, query, headers={"If-None-Match": '"other"'}).status == 200
    assert endpoints.run(endpoint, query, headers={"If-None-Match": first.headers["etag"]}, user=None).status == 401


def test_after_304_the_connection_goes_on(endpoints):
    """RFC 9110, 15.4.5 and 8.6: no body, and no length but that of the 200."""
    endpoint = endpoints.publish(UNIQUE, cacheSeconds=60)
    path = f"/run/{endpoint}?format=JSONEachRow&param_p=a"
    base = urllib.parse.urlsplit(endpoints.api.penstock.base)
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=30)
    key = {"Authorization": basic(endpoints.key.pair)}
    try:
        connection.request("GET", path, headers=key)
        first = connection.getresponse()
        body, tag, wire = first.read(), first.headers["etag"], connection.sock
        for _ in range(3):
            connection.request("GET", path, headers={**key, "If-None-Match": tag})
            again = connection.getresponse()
            assert (again.status, again.read(), again.headers["etag"]) == (304, b"", tag)
            assert again.headers.get("content-length", str(len(body))) == str(len(body)) and "transfer-encoding" not in again.headers
        connection.request("GET", path, headers=key)
        assert connection.getresponse().read() == body and connection.sock is wire
    finally:
        connection.close()


def test_what_makes_results_different(endpoints, sql):
    endpoint = endpoints.publish(UNIQUE + ", toString(1.5) AS f", cacheSeconds=60)
    base = {"format": "JSONEachRow", "param_p": "a"}
    seen = [endpoints.run(endpoint, base)]
    for query in ({**base, "param_p": "b"}, {**base, "format": "CSV"}, {**base, "max_threads": "1"}):
        answer = endpoints.run(endpoint, query)
        assert answer.headers["x-cache"] == "MISS", query
        seen.append(answer)
    version1 = endpoints.run(endpoint, base, headers={"x-clickhouse-endpoint-version": "1"})
    assert version1.status == 200 and version1.body not in {a.body for a in seen} and "data" in version1.json
    by_body = endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {"p": "a"}})
    assert by_body.headers["x-cache"] == "HIT" and by_body.body == seen[0].body, "the same call in other words"
    other = endpoints.publish(UNIQUE + ", toString(1.5) AS f", cacheSeconds=60)
    assert endpoints.run(other, base).headers["x-cache"] == "MISS"
    endpoints.api.curl("PUT", endpoints.path(endpoint), {**endpoints.body(UNIQUE), "cacheSeconds": 60}).result
    assert endpoints.run(endpoint, base).headers["x-cache"] == "MISS", "another version"


def test_another_role_never_sees_a_result(endpoints, sql, table):
    role = random_name("role_")
    sql.text(f"CREATE TABLE {table} (tenant String) ENGINE = MergeTree ORDER BY tenant")
    sql.text(f"INSERT INTO {table} VALUES ('north'), ('south')")
    sql.text(f"CREATE ROLE {role}")
    sql.text(f"GRANT SELECT ON default.{table} TO {role}")
    try:
        sql.text(f"CREATE ROW POLICY {role} ON default.{table} USING tenant = 'north' TO {role}")
        endpoint = endpoints.publish(f"SELECT tenant FROM {table} ORDER BY tenant", cacheSeconds=60)
        assert endpoints.run(endpoint, {"format": "CSV"}).text == '"north"\n"south"\n'
        changed = {**endpoints.body(f"SELECT tenant FROM {table} ORDER BY tenant"), "roles": [role]}
        endpoints.api.curl("PUT", endpoints.path(endpoint), changed).result
        assert endpoints.run(endpoint, {"format": "CSV"}).text == '"north"\n'
    finally:
        sql.text(f"DROP ROW POLICY IF EXISTS {role} ON default.{table}")
        sql.text(f"DROP ROLE {role}")


def test_errors_and_broken_streams_are_never_served_again(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (n UInt32) ENGINE = MergeTree ORDER BY n")
    endpoint = endpoints.publish(f"SELECT throwIf(count() = 0, 'empty') AS t FROM {table}", cacheSeconds=60)
    assert "empty" in endpoints.run(endpoint).failure(400)
    sql.text(f"INSERT INTO {table} VALUES (1)")
    assert endpoints.run(endpoint).status == 200
    broken = endpoints.publish(
        f"SELECT number, throwIf(number = 300000 AND (SELECT count() FROM {table}) = 1, 'boom') AS t, repeat('x', 50) AS x FROM numbers(400000) "
        "SETTINGS max_block_size = 1000, max_threads = 1", cacheSeconds=60)
    for _ in range(2):
        done = endpoints.curl(f"/run/{broken}?format=CSV")
        assert done.returncode == 18, "every time anew"
    sql.text(f"INSERT INTO {table} VALUES (2)")
    assert endpoints.curl(f"/run/{broken}?format=CSV").stdout.count(b"\n") == 400_000


def test_writes_have_no_cache(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (n UInt32) ENGINE = MergeTree ORDER BY n")
    refused = endpoints.api.curl("POST", endpoints.collection, endpoints.body(f"INSERT INTO {table} VALUES (1)", roles=[FULL], cacheSeconds=60))
    assert refused.status == 400 and "cacheSeconds" in refused.error
    endpoint = endpoints.publish(f"INSERT INTO {table} VALUES (1)", roles=[FULL])
    for _ in range(3):
        answer = endpoints.run(endpoint, method="POST")
        assert answer.status == 200 and "x-cache" not in answer.headers and "etag" not in answer.headers
    assert sql.value(f"SELECT count() FROM {table}") == 3


@pytest.mark.parametrize("callers", [24])
def test_calls_at_the_same_time_ask_once(endpoints, callers):
    marker = random_name("mark_")
    endpoint = endpoints.publish(f"SELECT generateUUIDv4() AS u, sleep(1) AS s, '{marker}' AS m", cacheSeconds=60)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(endpoints.run(endpoint, {"format": "CSV"}))) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({a.body for a in answers}) == 1 and all(a.status == 200 for a in answers)
    assert sorted(a.headers["x-cache"] for a in answers).count("MISS") == 1
    assert len([q for q in endpoints.logged(marker) if q["type"] == "QueryFinish" and q["query"].startswith("SELECT")]) == 1
