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

    def seen():
        answer = api.get(monitoring)
        assert answer.status == 200, answer.text
        document = answer.json["result"]
        return document if document["requests"] >= 6 else None

    document = wait_until(seen, 30, "the calls in the monitoring answer")
    assert document["requests"] == 6 and document["errors"] == {"caller": 1, "permission": 1}
    assert 0 < document["latency"]["p50"] <= document["latency"]["p95"] <= document["latency"]["p99"]
    assert document["readRows"] > 0 and document["readBytes"] > 0
    calls = api.get(f"{monitoring}/calls").result
    assert sorted(c["status"] for c in calls) == [200, 200, 200, 200, 400, 401]
    good = [c for c in calls if c["status"] == 200]
    assert {c["keyId"] for c in good} == {endpoints.key.id} and all(c["queryId"] and c["durationMilliseconds"] >= 0 for c in good)
    assert len({c["parameterHash"] for c in good}) == 2, "two years were asked for, and no year is told"
    assert "2010" not in json.dumps([c["parameterHash"] for c in good])
