"""The guide from its first page to its last, with nothing but curl: save, publish, call, look at the calls."""

import json

import pytest

from endpoints import READ_ONLY
from servers import wait_until

TOP_UPLOADERS = """WITH {year: UInt16} AS wanted -- the year that the caller asks for
SELECT uploader, count() AS videos, sum(view_count) AS views, round(views / videos, 2) AS per_upload
FROM youtube
WHERE toYear(upload_date) = wanted
GROUP BY uploader
HAVING videos > 1
ORDER BY per_upload DESC, uploader
LIMIT 10;"""


@pytest.fixture(scope="module")
def youtube(sql):
    """A million uploads of 2005 to 2021."""
    sql.text("""CREATE TABLE youtube (id String, upload_date Date, uploader LowCardinality(String), title String, view_count UInt64)
        ENGINE = MergeTree ORDER BY (uploader, upload_date)""")
    sql.text("""INSERT INTO youtube SELECT hex(sipHash64(number)), toDate('2005-04-23') + intHash32(number) % 6000,
        concat('uploader ', toString(intHash32(number * 3) % 5000)), concat('video ', toString(number)), intHash64(number * 7) % 10000000
        FROM numbers(1000000)""")
    yield
    sql.text("DROP TABLE youtube SYNC")


def test_the_guide(endpoints, api, sql, youtube):
    # The query is tried and saved.
    saved = api.curl("POST", endpoints.saved, {
        "name": "Top uploaders by views per video", "sql": TOP_UPLOADERS, "database": "default", "parameters": {"year": "2010"}})
    assert saved.status == 201, saved.text
    query = saved.json["result"]
    # It is published for one key, with a role that reads and for the pages of one site.
    published = api.curl("POST", endpoints.collection, {
        "name": query["name"], "sql": query["sql"], "database": query["database"], "parameters": query["parameters"],
        "apiKeyIds": [endpoints.key.id], "roles": [READ_ONLY], "allowedOrigins": ["https://videos.example"]})
    assert published.status == 201, published.text
    endpoint = published.json["result"]
    endpoints.made.append(endpoint["id"])
    path = endpoint["url"].removeprefix(api.penstock.base)
    assert path == f"/run/{endpoint['id']}"

    def expected(year):
        return sql.rows(TOP_UPLOADERS.rstrip(";"), param_year=year)

    assert len(expected(2010)) == 10
    # The command the console shows, then the other two ways.
    got = endpoints.curl("-i", "-H", "Content-Type: application/json", "-H", "Origin: https://videos.example", f"{path}?format=JSONEachRow&param_year=2010")
    head, _, body = got.stdout.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200") and "access-control-allow-origin: https://videos.example" in head.lower()
    assert [json.loads(line) for line in body.splitlines()] == expected(2010)
    posted = endpoints.curl("-H", "Content-Type: application/json", "-d", json.dumps({"queryVariables": {"year": 2012}, "format": "JSONEachRow"}), path)
    assert [json.loads(line) for line in posted.stdout.splitlines()] == expected(2012)
    default = endpoints.curl(f"{path}?format=JSONEachRow")
    assert default.stdout.decode() == body, "the saved value of the year"
    documented = endpoints.curl("-X", "POST", "-d", '{"queryVariables":{"year":"2012"}}', f"/.api/query-endpoints/{endpoint['id']}/run?format=JSONEachRow")
    assert documented.stdout == posted.stdout
    wrong = endpoints.curl("-w", "\n%{http_code}", f"{path}?param_year=70000")
    text, _, status = wrong.stdout.decode().rpartition("\n")
    assert status == "400" and "year" in json.loads(text)["error"]["details"]
    nobody = api.curl("GET", path, user=None)
    assert nobody.status == 401

    # Monitoring shows the calls.
    monitoring = f"{endpoints.path(endpoint['id'])}/monitoring"
    report = wait_until(lambda: (r := api.get(monitoring).result)["total"]["requests"] >= 5 and r, 30, "the calls in the monitoring answer")
    total = report["total"]
    assert total["requests"] == 5 and total["errors"] == 1 and total["errorsByClass"] == {"caller": 1}
    assert 0 < total["durationMs"]["p50"] <= total["durationMs"]["p95"] <= total["durationMs"]["p99"]
    assert total["readRows"] > 0 and total["readBytes"] > 0 and sum(s["requests"] for s in report["steps"]) == 5
    assert [(c["apiKeyId"], c["requests"]) for c in report["callers"]] == [(endpoints.key.id, 5)]
    calls = api.get(f"{endpoints.path(endpoint['id'])}/calls").result
    assert [c["status"] for c in calls] == [400, 200, 200, 200, 200], "newest first"
    good = [c for c in calls if c["status"] == 200]
    assert all(c["apiKeyId"] == endpoints.key.id and c["queryId"] and c["durationMs"] > 0 and c["format"] == "JSONEachRow" for c in good)
    # 2010 by the URL and by default, 2012 by both kinds of body; and no year is told.
    assert len({c["parameterHash"] for c in good}) == 2
    assert all(len(c["parameterHash"]) == 32 for c in good)


def test_monitoring_tells_how_calls_ended(endpoints, api, sql):
    broken = endpoints.publish(
        "SELECT number, throwIf(number = 200000) AS t, repeat('x', 50) AS x FROM numbers(400000) SETTINGS max_block_size = 1000, max_threads = 1",
        cacheSeconds=60)
    assert endpoints.curl(f"/run/{broken}?format=CSV").returncode == 18
    slow = endpoints.publish("SELECT sum(sleepEachRow(0.1)) FROM numbers(100) SETTINGS max_block_size = 1, max_threads = 1")
    endpoints.run(slow, {"request_timeout": 300}).failure(504)
    cached = endpoints.publish("SELECT 1 AS x", cacheSeconds=60)
    for _ in range(3):
        assert endpoints.run(cached).status == 200

    def total(endpoint, least):
        def seen():
            answer = api.get(f"{endpoints.path(endpoint)}/monitoring").result["total"]
            return answer if answer["requests"] >= least else None
        return wait_until(seen, 30, f"{least} calls in the monitoring answer")

    assert total(broken, 1)["errorsByClass"] == {"midstream": 1}
    assert total(slow, 1)["errorsByClass"] == {"timeout": 1}
    counted = total(cached, 3)
    assert (counted["cacheHits"], counted["cacheMisses"], counted["errors"]) == (2, 1, 0)
    failed = api.get(f"{endpoints.path(broken)}/calls?status=error").result
    assert len(failed) == 1 and failed[0]["errorClass"] == "midstream" and failed[0]["cache"] != "hit"
    metrics = api.get(f"{api.service}/prometheus").text
    assert "QueryEndpoints_" in metrics
