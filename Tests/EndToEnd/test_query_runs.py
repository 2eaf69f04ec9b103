"""Calls that take long: their bytes come as they are made, and nobody's query outlives its caller."""

import http.client
import json
import socket
import threading
import time
import urllib.parse

import pytest

from endpoints import FULL, basic
from servers import random_name, wait_until


def slow(marker: str, seconds: int, bytes: int = 0) -> str:
    """A statement that answers a row a tenth of a second, `bytes` wide; without bytes it says nothing before its end."""
    if not bytes:
        return f"SELECT '{marker}' AS m, sum(sleepEachRow(0.1)) AS s FROM numbers({seconds * 10}) SETTINGS max_block_size = 1, max_threads = 1"
    return (f"SELECT number AS n, repeat('x', {bytes}) AS x, '{marker}' AS m, sleepEachRow(0.1) AS s FROM numbers({seconds * 10}) "
            "SETTINGS max_block_size = 1, max_threads = 1")


def gone(endpoints, marker, within=10):
    wait_until(lambda: endpoints.running(marker) == 0, within, "the query to leave the server")


class Call:
    """A call whose answer is read by hand, on a socket of its own."""

    def __init__(self, endpoints, path: str):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoints.api.penstock.base).netloc, timeout=60)
        self.connection.request("GET", path, headers={"Authorization": basic(endpoints.key.pair)})

    def answer(self) -> http.client.HTTPResponse:
        return self.connection.getresponse()

    def leave(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def test_the_first_rows_come_while_the_query_runs(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(slow(marker, 20, 20_000))
    call = Call(endpoints, f"/run/{endpoint}?format=JSONEachRow")
    answer = call.answer()
    assert answer.status == 200 and answer.getheader("content-type").startswith("application/x-ndjson")
    assert json.loads(answer.readline())["n"] == 0
    assert endpoints.running(marker) == 1
    call.leave()
    gone(endpoints, marker)


@pytest.mark.parametrize("width", [0, 100_000], ids=["before the first byte", "in mid-stream"])
def test_a_client_that_leaves_ends_its_query(endpoints, width):
    marker = random_name("mark_")
    endpoint = endpoints.publish(slow(marker, 55, width))
    call = Call(endpoints, f"/run/{endpoint}?format=JSONEachRow&request_timeout=60000")
    if width:
        assert json.loads(call.answer().readline())["n"] == 0
    wait_until(lambda: endpoints.running(marker) == 1, 20, "the query to run")
    call.leave()
    gone(endpoints, marker)
    assert [q["exception_code"] for q in endpoints.logged(marker)] == [394], "QUERY_WAS_CANCELLED"


@pytest.mark.parametrize("width", [0, 100_000], ids=["before the first byte", "in mid-stream"])
def test_a_timeout_ends_the_query(endpoints, width):
    marker = random_name("mark_")
    endpoint = endpoints.publish(slow(marker, 30, width))
    started = time.monotonic()
    done = endpoints.curl("-w", "\n%{http_code}", f"/run/{endpoint}?format=JSONEachRow&request_timeout=1000")
    elapsed = time.monotonic() - started
    status = done.stdout.rpartition(b"\n")[2]
    if width:
        # The status was sent before time was up: all that is left is to break the transfer off.
        assert status == b"200" and done.returncode == 18, (status, done.returncode, done.stderr)
    else:
        assert status in (b"504", b"408") and done.returncode == 0, done.stdout
        assert "request_timeout" in json.loads(done.stdout.rpartition(b"\n")[0])["error"]["details"]
    assert 0.8 < elapsed < 4, elapsed
    gone(endpoints, marker, 5)


def test_a_request_timeout_is_a_number_of_milliseconds_within_the_limit(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(slow(marker, 30), limits={"executionMilliseconds": 800})
    for value in ("0", "-1", "abc", "1e3", "", "99999999999999999999"):
        assert "request_timeout" in endpoints.run(endpoint, {"request_timeout": value}).failure(400), value
    started = time.monotonic()
    endpoints.run(endpoint).failure(408, 504)
    assert time.monotonic() - started < 4
    gone(endpoints, marker)


def test_a_failure_in_mid_stream_breaks_the_transfer_off(endpoints):
    endpoint = endpoints.publish(
        "SELECT number, repeat('x', 100) AS x, throwIf(number = 200000, 'boom') AS t FROM numbers(400000) "
        "SETTINGS max_block_size = 1000, max_threads = 1")
    for format in ("JSONEachRow", "CSV", "RowBinary", "JSON", "TabSeparated"):
        done = endpoints.curl("-w", "%{stderr}%{http_code}", f"/run/{endpoint}?format={format}")
        assert done.returncode == 18, (format, done.returncode, done.stderr, done.stdout[-300:])
        assert len(done.stdout) > 1_000_000 and b"200" in done.stderr
        assert b"boom" not in done.stdout and b"DB::Exception" not in done.stdout[-4000:], done.stdout[-300:]
    wrapped = endpoints.curl("-H", "x-clickhouse-endpoint-version: 1", f"/run/{endpoint}")
    assert wrapped.returncode == 18 and b"boom" not in wrapped.stdout


def test_a_failure_before_the_first_byte_is_an_error(endpoints):
    endpoint = endpoints.publish("SELECT throwIf({n: UInt8} = 7, 'seven') AS x")
    assert endpoints.run(endpoint, {"param_n": 1}).status == 200
    assert "seven" in endpoints.run(endpoint, {"param_n": 7}).failure(400)
    division = endpoints.publish("SELECT intDiv(1, {n: UInt8}) AS x")
    endpoints.run(division, {"param_n": 0}).failure(400)


def test_no_more_calls_at_once_than_allowed(endpoints):
    marker = random_name("mark_")
    endpoint = endpoints.publish(slow(marker, 20, 1000), limits={"concurrency": 2})
    calls = [Call(endpoints, f"/run/{endpoint}?format=JSONEachRow") for _ in range(2)]
    wait_until(lambda: endpoints.running(marker) == 2, 20, "two queries")
    refused = endpoints.run(endpoint)
    refused.failure(429)
    assert int(refused.headers["retry-after"]) == 1
    for call in calls:
        call.leave()
    gone(endpoints, marker)
    again = wait_until(lambda: (c := Call(endpoints, f"/run/{endpoint}?format=JSONEachRow")).answer().status == 200 and c, 10, "a free place")
    again.leave()
    gone(endpoints, marker)


def test_an_insert_that_breaks_off_stores_nothing_and_ends(endpoints, sql, table):
    sql.text(f"CREATE TABLE {table} (n UInt64) ENGINE = MergeTree ORDER BY n")
    endpoint = endpoints.publish(f"INSERT INTO {table}", roles=[FULL])
    host = urllib.parse.urlsplit(endpoints.api.penstock.base)
    with socket.create_connection((host.hostname, host.port)) as wire:
        wire.sendall(
            f"POST /run/{endpoint}?format=CSV HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(endpoints.key.pair)}\r\n"
            "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        # ClickHouse begins when it has 256 KiB.
        for _ in range(20):
            wire.sendall(b"%x\r\n" % 200_000 + b"1234567890123456789\n" * 10_000 + b"\r\n")
        wait_until(lambda: endpoints.running(f"INSERT INTO {table}") == 1, 20, "the insert to begin")
    gone(endpoints, f"INSERT INTO {table}")
    assert sql.value(f"SELECT count() FROM {table}") == 0


def test_many_calls_at_once_are_each_answered_with_their_own_rows(endpoints):
    endpoint = endpoints.publish("SELECT {n: UInt32} AS n, number FROM numbers({n: UInt32})")
    wrong = []

    def caller(worker):
        for turn in range(12):
            n = worker * 100 + turn
            answer = endpoints.run(endpoint, {"format": "JSONEachRow", "param_n": n})
            if answer.status != 200 or [r["number"] for r in answer.rows] != list(range(n)) or any(r["n"] != n for r in answer.rows):
                wrong.append((n, answer))

    threads = [threading.Thread(target=caller, args=(w,)) for w in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_calls_that_trickle_in_are_logged_in_few_inserts(endpoints, sql):
    """An insert costs ClickHouse as much as ten small queries: one a second, not one after another."""
    endpoint = endpoints.publish("SELECT 1 AS x")
    began = sql.value("SELECT toString(now64(6))")
    calls, deadline = 0, time.monotonic() + 2.5
    while time.monotonic() < deadline:
        assert endpoints.run(endpoint, {"format": "JSONEachRow"}).status == 200
        calls += 1
    logged = f"SELECT count() FROM system.query_endpoints_log WHERE endpoint_id = '{endpoint}'"
    wait_until(lambda: sql.value(logged) == calls, 30, f"{calls} calls in the log")
    sql.text("SYSTEM FLUSH LOGS")
    inserts = sql.value(
        "SELECT count() FROM system.query_log WHERE type = 'QueryFinish' AND query_kind = 'Insert' "
        f"AND query LIKE '%query_endpoints_log%' AND query_start_time_microseconds > '{began}'")
    assert 1 <= inserts <= 6 < calls / 3
