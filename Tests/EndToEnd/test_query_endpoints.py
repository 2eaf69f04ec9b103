"""What the guide of query endpoints shows, one test per example: formats, versions, parameters, writes, settings, streams."""

import gzip
import json
import pathlib

import pytest

from endpoints import FULL, UPGRADE, VERSION
from servers import random_name

THREE = "SELECT database, name FROM system.tables WHERE database = 'system' ORDER BY name LIMIT 3"
MATCHING = "SELECT name, database FROM system.tables WHERE database = {database: String} AND match(name, {tableNameRegex: String}) ORDER BY name"
FORMS = ["/run/{}", "/.api/query-endpoints/{}/run", "/query-endpoints/{}/run"]


@pytest.fixture
def three(sql):
    return [[r["database"], r["name"]] for r in sql.rows(THREE)]


@pytest.mark.parametrize("form", FORMS)
def test_version_1_wraps_columns_and_rows(endpoints, three, form):
    endpoint = endpoints.publish(THREE)
    answer = endpoints.run(endpoint, body={"format": "JSONEachRow"}, headers={VERSION: "1"}, path=form)
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
    assert answer.json == {
        "data": {"columns": [{"name": "database", "type": "String"}, {"name": "name", "type": "String"}], "rows": three}}


@pytest.mark.parametrize("form", FORMS)
def test_version_2_streams_the_bytes_of_the_format(endpoints, three, form):
    endpoint = endpoints.publish(THREE)
    headers = {VERSION: "2"}
    got = endpoints.run(endpoint, {"format": "JSONEachRow"}, headers=headers, path=form)
    assert [list(r.values()) for r in got.rows] == three
    assert got.headers["content-type"].startswith("application/x-ndjson")
    posted = endpoints.run(endpoint, {"format": "JSONEachRow"}, method="POST", headers=headers, path=form)
    assert (posted.status, posted.body) == (200, got.body)


def test_every_format_of_version_1_is_wrapped_and_others_are_refused(endpoints, three):
    endpoint = endpoints.publish(THREE)
    allowed = ["TabSeparated", "TabSeparatedWithNames", "TabSeparatedWithNamesAndTypes", "JSON", "JSONEachRow", "CSV", "CSVWithNames",
               "CSVWithNamesAndTypes"]
    for format in allowed:
        answer = endpoints.run(endpoint, {"format": format}, headers={VERSION: "1"})
        assert answer.json["data"]["rows"] == three, format
    assert "Parquet" in endpoints.run(endpoint, {"format": "Parquet"}, headers={VERSION: "1"}).failure(400)


def test_version_2_serves_the_formats_of_clickhouse(endpoints, sql):
    endpoint = endpoints.publish("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    for format, start in {"Parquet": b"PAR1", "Arrow": b"ARROW1", "RowBinary": b"\0" * 8 + b"\x010", "PrettyCompactMonoBlock": "   ┌".encode(),
                          "CSVWithNames": b'"n","s"\n0,"0"', "XML": b"<?xml", "Native": b"\x02\x03\x01n"}.items():
        answer = endpoints.run(endpoint, {"format": format})
        assert answer.status == 200 and answer.body.startswith(start), (format, answer)
    assert "NoSuchFormat" in endpoints.run(endpoint, {"format": "NoSuchFormat"}).failure(400)
    default = endpoints.run(endpoint)
    assert default.json["rows"] == 3 and default.headers["content-type"].startswith("application/json")


def test_the_format_of_the_url_goes_before_the_body_and_the_statement(endpoints):
    endpoint = endpoints.publish("SELECT 1 AS x")
    assert endpoints.run(endpoint, {"format": "CSV"}, body={"format": "JSONEachRow"}).body == b"1\n"
    assert endpoints.run(endpoint, body={"format": "JSONEachRow"}).rows == [{"x": 1}]


def test_parameters_by_url_and_by_body_give_identical_bytes(endpoints, sql):
    endpoint = endpoints.publish(MATCHING)
    by_url = endpoints.run(endpoint, {"format": "JSONCompactEachRow", "param_tableNameRegex": "query.*", "param_database": "system"})
    assert by_url.status == 200
    expected = sql.rows("SELECT name, database FROM system.tables WHERE database = 'system' AND match(name, 'query.*') ORDER BY name")
    assert by_url.rows == [[r["name"], r["database"]] for r in expected] and len(expected) >= 2
    by_body = endpoints.run(
        endpoint, {"format": "JSONCompactEachRow"}, body={"queryVariables": {"tableNameRegex": "query.*", "database": "system"}})
    in_body = endpoints.run(
        endpoint, body={"queryVariables": {"tableNameRegex": "query.*", "database": "system"}, "format": "JSONCompactEachRow"})
    assert by_url.body == by_body.body == in_body.body


def test_a_nested_array_is_inserted_by_variables(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (a Array(Array(Array(UInt32)))) ENGINE = MergeTree ORDER BY tuple()")
    endpoint = endpoints.publish(f"INSERT INTO {table} VALUES ({{arr: Array(Array(Array(UInt32)))}});", roles=[FULL])
    answer = endpoints.run(endpoint, body={"queryVariables": {"arr": [[[12, 13, 0, 1], [12]]]}})
    assert (answer.status, answer.text.strip()) == (200, "OK")
    assert sql.rows(f"SELECT a FROM {table}") == [{"a": [[[12, 13, 0, 1], [12]]]}]


def test_variables_of_every_json_shape_arrive_as_they_are(endpoints):
    endpoint = endpoints.publish(
        "SELECT {s: String} AS s, {a: Array(String)} AS a, {n: Nullable(String)} AS n, {i: Array(Nullable(Int32))} AS i, "
        "{m: Map(String, UInt8)} AS m, {t: Tuple(String, Int64)} AS t, {b: Bool} AS b, {f: Float64} AS f")
    strange = "it's \\ \"q\" \t tab \n line {x:UInt8} -- ; DROP ü 😀 \\N"
    answer = endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {
        "s": strange, "a": [strange, "", "NULL"], "n": None, "i": [1, None, -3], "m": {strange: 7}, "t": [strange, -9], "b": True, "f": 1.5}})
    assert answer.rows == [{"s": strange, "a": [strange, "", "NULL"], "n": None, "i": [1, None, -3], "m": {strange: 7},
                            "t": [strange, -9], "b": True, "f": 1.5}]
    assert endpoints.run(endpoints.publish("SELECT {s: String} AS s"), {"format": "JSONEachRow", "param_s": strange}).rows == [{"s": strange}]


def test_a_clickhouse_setting_in_the_url_reaches_the_query(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(f"SELECT name, '{marker}' AS m FROM system.tables")
    for method in ("GET", "POST"):
        assert endpoints.run(endpoint, {"max_threads": "8", "format": "JSONEachRow"}, method=method).status == 200
    seen = [q for q in endpoints.logged(marker, 2) if q["type"] == "QueryFinish"]
    assert [q["Settings"]["max_threads"] for q in seen[-2:]] == ["8", "8"]
    assert "max_threads" in endpoints.run(endpoint, {"max_threads": "8,"}).failure(400)
    assert "max_threads" in endpoints.run(endpoint, {"max_threads": "eight"}).failure(400)


@pytest.mark.parametrize("setting", [
    "readonly", "user", "password", "role", "profile", "query", "database", "session_id", "query_id", "quota_key", "default_format",
    "log_comment", "stacktrace", "SQL_tenant", "add_http_cors_header", "no_such_setting", "max_memory_usage_for_user",
    "http_headers_progress_interval_ms", "allow_ddl", "buffer_size", "compress", "decompress"])
def test_settings_beyond_the_list_are_refused_by_name(endpoints, setting):
    endpoint = endpoints.publish("SELECT 1")
    assert setting in endpoints.run(endpoint, {setting: "1"}).failure(400)


def test_body_and_url_may_both_name_the_format_and_rows_come_as_lines(endpoints):
    endpoint = endpoints.publish("SELECT database, name FROM system.tables")
    answer = endpoints.run(endpoint, {"format": "JSONEachRow"}, raw=b'{"format":"JSONEachRow"}')
    assert all(set(r) == {"database", "name"} for r in answer.rows) and len(answer.rows) > 50


def test_a_csv_stream_goes_into_a_bare_insert(endpoints, sql, table, tmp_path):
    sql.text(f"CREATE TABLE {table} (user_id String, json String, name String) ENGINE = MergeTree ORDER BY user_id")
    endpoint = endpoints.publish(f"INSERT INTO {table}", roles=[FULL])
    file: pathlib.Path = tmp_path / "samples.csv"
    file.write_text('"user_id","json","name"\n"1","{""name"":""John"",""age"":30}","John"\n"2","{""a"":[1,""x""]}","Jane"\n')
    done = endpoints.curl("-X", "POST", "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{file}",
                          f"/run/{endpoint}?format=CSV")
    assert (done.returncode, done.stdout.strip()) == (0, b"OK")
    expected = [{"user_id": "1", "json": '{"name":"John","age":30}', "name": "John"},
                {"user_id": "2", "json": '{"a":[1,"x"]}', "name": "Jane"}]
    assert sql.rows(f"SELECT * FROM {table} ORDER BY user_id") == expected
    lines = "\n".join(json.dumps(r) for r in expected).encode()
    sql.text(f"TRUNCATE TABLE {table}")
    packed = endpoints.run(endpoint, {"format": "JSONEachRow"}, raw=gzip.compress(lines), headers={
        "Content-Type": "application/octet-stream", "Content-Encoding": "gzip"})
    assert packed.status == 200 and sql.rows(f"SELECT * FROM {table} ORDER BY user_id") == expected


def test_an_insert_mixes_a_stream_with_parameters(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (tenant String, n UInt32) ENGINE = MergeTree ORDER BY n")
    endpoint = endpoints.publish(
        f"INSERT INTO {table} SELECT {{tenant: String}}, n * {{factor: UInt32}} FROM input('n UInt32') FORMAT CSV", roles=[FULL])
    answer = endpoints.run(endpoint, {"param_tenant": "o'hara", "param_factor": 10}, raw=b"1\n2\n", headers={"Content-Type": "text/csv"})
    assert (answer.status, answer.text.strip()) == (200, "OK")
    assert sql.rows(f"SELECT * FROM {table} ORDER BY n") == [{"tenant": "o'hara", "n": 10}, {"tenant": "o'hara", "n": 20}]
    bad = endpoints.run(endpoint, {"param_tenant": "x", "param_factor": 1}, raw=b"one\n", headers={"Content-Type": "text/csv"})
    assert bad.failure(400) and sql.value(f"SELECT count() FROM {table}") == 2


def test_three_parameters_in_two_formats(endpoints):
    endpoint = endpoints.publish("SELECT {a: UInt32} AS a, {b: String} AS b, {c: Date} AS c")
    body = {"queryVariables": {"a": 1, "b": "two", "c": "2024-02-29"}}
    assert endpoints.run(endpoint, {"format": "JSONEachRow"}, body=body).rows == [{"a": 1, "b": "two", "c": "2024-02-29"}]
    assert endpoints.run(endpoint, {"format": "CSVWithNames"}, body=body).text == '"a","b","c"\n1,"two","2024-02-29"\n'


def test_the_upgrade_to_version_2_is_remembered(endpoints):
    endpoint = endpoints.publish("SELECT 1 AS x", answerVersion=1)
    query = {"format": "JSONEachRow"}

    def version(answer):
        assert answer.status == 200
        return 1 if "data" in answer.json else 2

    assert version(endpoints.run(endpoint, query)) == 1
    assert version(endpoints.run(endpoint, query, headers={VERSION: "2"})) == 2
    assert version(endpoints.run(endpoint, query)) == 1, "once only"
    assert version(endpoints.run(endpoint, query, headers={VERSION: "2", UPGRADE: "1"})) == 2
    assert version(endpoints.run(endpoint, query)) == 2
    assert version(endpoints.run(endpoint, query, headers={VERSION: "1"})) == 1
    assert "version" in endpoints.run(endpoint, query, headers={VERSION: "3"}).failure(400).lower()


@pytest.mark.parametrize("value", [None, "abc", "300", "-1", "", " 5", "0x10", "1.5", "1e1", "NULL", "\\N"])
def test_a_value_that_does_not_fit_is_refused_by_name(endpoints, value):
    endpoint = endpoints.publish("SELECT {y: UInt8} AS y")
    details = endpoints.run(endpoint, {} if value is None else {"param_y": value}).failure(400)
    assert "y" in details and "UInt8" in details, details


def test_numbers_and_strings_are_both_taken(endpoints):
    endpoint = endpoints.publish("SELECT {y: UInt16} AS y")
    for value in (2010, "2010"):
        assert endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {"y": value}}).rows == [{"y": 2010}]
    for value in (70000, "70000", 1.5, True, [1], {"a": 1}, None):
        assert "UInt16" in endpoints.run(endpoint, body={"queryVariables": {"y": value}}).failure(400), value
    conflict = endpoints.run(endpoint, {"param_y": "1"}, body={"queryVariables": {"y": 2}}).failure(400)
    assert "y" in conflict


def test_stored_defaults_are_applied(endpoints):
    endpoint = endpoints.publish("SELECT {y: UInt16} AS y, {s: String} AS s", parameters={"y": "2010", "s": "x"})
    assert endpoints.run(endpoint, {"format": "JSONEachRow"}).rows == [{"y": 2010, "s": "x"}]
    assert endpoints.run(endpoint, {"format": "JSONEachRow", "param_y": "1"}).rows == [{"y": 1, "s": "x"}]
    assert endpoints.run(endpoint, {"format": "JSONEachRow"}, body={"queryVariables": {"s": ""}}).rows == [{"y": 2010, "s": ""}]
