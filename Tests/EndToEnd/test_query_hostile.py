"""Ten thousand hostile calls (two thousand in `make test`): none of them is a defect's 500, changes a statement, or sees a row too many."""

import concurrent.futures
import json
import os
import re
import urllib.parse

import pytest

from api import API, SQL
from endpoints import Endpoints, FULL, basic
from hostile import Hostile, send
from servers import Penstock

TYPES = [
    "UInt8", "Int64", "UInt256", "Float64", "Decimal(9, 2)", "Bool", "String", "FixedString(3)", "Date", "Date32", "DateTime", "DateTime64(3)", "UUID",
    "IPv4", "IPv6", "Enum8('a' = 1, 'b}' = 2)", "Nullable(Int8)", "LowCardinality(String)", "Array(String)", "Array(Array(Nullable(UInt8)))",
    "Map(String, Int32)", "Tuple(a String, b UInt8)"]
# The published statements as ClickHouse logs them, bound and with `?` for every literal; `_CAST` gives a value its type.
VALUE = r"(\?|-|NULL|inf|nan|true|false|map|_CAST|[\[\](),. ])*"
NAME = r"(`([^`\\]|\\.)*`|\w+)"
PUBLISHED = re.compile(
    rf"(EXPLAIN (AST )?)?(SELECT {VALUE} AS [sv]|SELECT \* FROM {NAME}|INSERT INTO sink VALUES ?(\({VALUE}\)|\(\{{v:String\}}\))?"
    rf"|SELECT tenant, text FROM secrets WHERE \(tenant = {VALUE}\) OR \({VALUE} != \?\))|SELECT query_id FROM system.processes LIMIT \?|KILL QUERY .*|SHOW GRANTS")
FORBIDDEN = "not-for-north"
# What callers may set where an endpoint adds nothing; and whatever begins like the settings of formats.
SETTABLE = set("""max_threads max_execution_time max_block_size max_rows_to_read max_bytes_to_read max_result_rows max_result_bytes
    max_memory_usage max_insert_block_size min_insert_block_size_rows min_insert_block_size_bytes max_rows_to_group_by max_rows_to_sort
    max_bytes_to_sort limit offset priority extremes final join_use_nulls session_timezone date_time_input_format
    date_time_output_format interval_output_format cast_keep_nullable transform_null_in async_insert wait_for_async_insert
    insert_deduplicate insert_deduplication_token use_query_cache""".split())
FORMATS = ("output_format_", "input_format_", "format_csv_", "format_tsv_", "format_custom_", "format_json_", "format_regexp")


@pytest.fixture
def target(tmp_path):
    server = Penstock(tmp_path / "data")
    api, sql = API(server), SQL(server.credentials["clickhouseURL"])
    sql.text("CREATE TABLE secrets (tenant String, text String) ENGINE = MergeTree ORDER BY tenant")
    sql.text(f"INSERT INTO secrets VALUES ('north', 'for all'), ('south', '{FORBIDDEN}')")
    sql.text("CREATE TABLE sink (v String) ENGINE = MergeTree ORDER BY v")
    sql.text("CREATE ROLE north")
    sql.text("GRANT SELECT ON default.secrets TO north")
    sql.text("CREATE ROW POLICY north ON default.secrets USING tenant = 'north' TO north")
    yield Endpoints(api, sql)
    server.stop()


@pytest.mark.drill
def test_hostile_calls(target, rounds):
    calls, seed = rounds(2_000, 10_000), int(os.environ.get("PENSTOCK_HOSTILE_SEED", 20261121))
    statements = {"echo": "SELECT {s:String} AS s"}
    statements |= {t: f"SELECT {{v:{t}}} AS v" for t in TYPES}
    statements |= {"tenant": "SELECT tenant, text FROM secrets WHERE tenant = {v:String} OR {v:String} != ''", "table": "SELECT * FROM {v:Identifier}",
                   "write": "INSERT INTO sink VALUES ({v:String})"}
    ids = {name: target.publish(text, roles=[FULL] if name == "write" else ["north"], allowedOrigins=["https://a.example"])
           for name, text in statements.items()}
    target.api.curl("POST", target.service_endpoint, {
        "roles": ["north"], "openApiKeys": [target.key.id], "allowedOrigins": ""}).result
    generator = Hostile(seed, ids, target.service, basic(target.key.pair))
    base = urllib.parse.urlsplit(target.api.penstock.base)
    address = (base.hostname, base.port)
    behind = urllib.parse.urlsplit(target.sql.base).netloc.encode()
    settings_before = baseline(target, ids)

    def one(number):
        kind, request, expected = generator.request(number)
        status, body, name = send(address, request, half_close=kind == "wire")
        return number, kind, request, expected, status, body, name

    problems, statuses, own_sql = [], {}, set()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for number, kind, request, expected, status, body, name in pool.map(one, range(calls)):
            statuses[status] = statuses.get(status, 0) + 1
            own_sql |= {name} if kind == "service" else set()
            problem = verdict(kind, expected, status, body, behind)
            if problem:
                problems.append(f"call {number} ({kind}): {problem}\n  {request[:600]!r}\n  -> {status} {body[:400]!r}")
    print(f"\nhostile: seed {seed}, {calls} calls, answers by status {dict(sorted(statuses.items(), key=str))}")
    assert not problems, f"{len(problems)} of {calls}:\n" + "\n".join(problems[:20])
    assert statuses.get(200, 0) > calls // 20 and statuses.get(400, 0) > calls // 5, "the calls reach what they aim at"
    server = target.api.penstock
    assert server.running and "request failed" not in server.output() and "Fatal error" not in server.output()
    assert target.key.secret not in server.output()
    nothing_changed(target, own_sql, settings_before)


def verdict(kind, expected, status, body, behind: bytes) -> str | None:
    if status is None:
        return None if kind in ("wire", "path", "headers", "method") else "no answer"
    # What a caller's own max_memory_usage is too little for is a limit like any other.
    if status >= 500 and not (status == 501 and kind in ("method", "wire")) and not (status == 503 and b'"code":"241"' in body):
        return "a server error"
    if FORBIDDEN.encode() in body:
        return "a row past the policy"
    if status >= 400 and any(secret in body for secret in (b"Stack trace", behind, b"penstock_", b"(official build)")):
        return "the answer tells of what is behind"
    if kind == "echo":
        if status == 200:
            return None if json.loads(body) == {"s": expected} else f"{expected!r} was not echoed"
        return None if "\0" in expected or len(expected) > 100_000 else f"{expected!r} was refused"
    return None


def baseline(target, ids) -> set[str]:
    """Settings that an honest call has in the server's log."""
    assert target.run(ids["tenant"], {"param_v": "north", "format": "JSONEachRow"}).rows == [{"tenant": "north", "text": "for all"}]
    return {name for query in target.logged("FROM secrets WHERE", 1) for name in query["Settings"]}


def nothing_changed(target, own_sql, settings_before):
    sql = target.sql
    # Settings: whatever was sent, the server saw only what may be set.
    seen = {name for query in target.logged("FROM secrets WHERE", 1) for name in query["Settings"]}
    beyond = {s for s in seen - settings_before - SETTABLE if not s.startswith(FORMATS)}
    assert not beyond, f"settings past the list: {beyond}"
    # Statements: whatever the values, nothing but values stands where the parameters stood. (ClickHouse logs them bound.)
    texts = {r["t"] for r in sql.rows(
        "SELECT DISTINCT query_id, normalizeQuery(query) AS t FROM system.query_log WHERE type != 'QueryStart' AND is_initial_query "
        "AND user != 'penstock'") if r["query_id"] not in own_sql}
    changed = [t for t in texts if not PUBLISHED.fullmatch(t)]
    assert len(texts) > 20 and not changed, changed
    # Tables, users and roles: as they were.
    assert sql.rows("SELECT tenant, text FROM secrets ORDER BY tenant") == [
        {"tenant": "north", "text": "for all"}, {"tenant": "south", "text": FORBIDDEN}]
    assert sql.value("SELECT count() FROM system.tables WHERE database = 'default'") == 2
    assert sql.value("SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'") == 0
    assert target.run(target.made[0], {"param_s": "well", "format": "JSONEachRow"}).rows == [{"s": "well"}]
