"""Answers and bodies far larger than memory pass through; what Penstock holds meanwhile does not grow with them."""

import os
import subprocess

import pytest

from api import API, SQL
from endpoints import Endpoints, FULL
from servers import Penstock

MIB = 1 << 20
GROWTH_KIB = 64 << 10


@pytest.fixture
def own(tmp_path):
    """A Penstock of its own: its peak of memory is this test's."""
    server = Penstock(tmp_path / "data")
    yield Endpoints(API(server), SQL(server.credentials["clickhouseURL"]))
    assert server.running, f"penstock ended by itself:\n{server.output()[-4000:]}"
    server.stop()


def growth(server: Penstock, call) -> int:
    """By how many KiB memory exceeded, at its worst during `call()`, what it was before. The peak is the kernel's, so none is missed."""
    server.forget_peak()
    before = server.resident_kib()
    call()
    return server.peak_kib() - before


@pytest.mark.drill
@pytest.mark.parametrize("format", ["RowBinary", "TabSeparated"])
def test_a_large_answer(own, rounds, format):
    size = rounds(400 * MIB, 5 * 1000 * MIB)
    server = own.api.penstock
    statement = "SELECT number AS n, toString(number) AS s, repeat('x', 100) AS x FROM numbers({n: UInt64})"
    endpoint = own.publish(statement)
    assert own.run(endpoint, {"format": format, "param_n": 1000}).status == 200
    rows = size // 120
    printed = []

    def download():
        done = own.curl("-o", os.devnull, "-w", "%{http_code} %{size_download} %{speed_download}",
                        f"/run/{endpoint}?format={format}&param_n={rows}&request_timeout=600000", timeout=900)
        assert done.returncode == 0, done.stderr
        printed.extend(done.stdout.decode().split())

    more = growth(server, download)
    status, received, speed = printed
    assert status == "200"
    digits = own.sql.value(f"SELECT sum(length(toString(number))) FROM numbers({rows})")
    fixed = rows * (8 + 1 + 1 + 100) if format == "RowBinary" else rows * (2 + 100 + 1) + digits
    assert int(received) == fixed + digits, "every byte arrived"
    print(f"\n{format}: {int(received) / 1e6:,.0f} MB at {float(speed) / 1e6:,.0f} MB/s, memory grew by {more // 1024} MiB")
    assert more < GROWTH_KIB


@pytest.mark.drill
def test_a_large_insert(own, rounds, tmp_path):
    size = rounds(128 * MIB, 1000 * MIB)
    server = own.api.penstock
    own.sql.text("CREATE TABLE sink (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    endpoint = own.publish("INSERT INTO sink", roles=[FULL])
    line = b"%d,\"" + b"y" * 200 + b"\"\n"
    count = size // 210
    assert own.run(endpoint, {"format": "CSV"}, raw=line % 0, headers={"Content-Type": "text/csv"}).text.strip() == "OK"

    def upload():
        curl = subprocess.Popen(
            ["curl", "-sS", "--user", ":".join(own.key.pair), "-H", "Content-Type: application/octet-stream", "-T", "-", "-X", "POST",
             f"{server.base}/run/{endpoint}?format=CSV&request_timeout=600000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for start in range(1, count, 10_000):
            curl.stdin.write(b"".join(line % n for n in range(start, min(start + 10_000, count))))
        curl.stdin.close()
        answer = curl.stdout.read()
        assert curl.wait() == 0 and answer.strip() == b"OK", answer

    more = growth(server, upload)
    assert own.sql.rows("SELECT count() AS c, sum(n) AS n, sum(length(s)) AS s FROM sink") == [
        {"c": count, "n": count * (count - 1) // 2, "s": 200 * count}]
    print(f"\nCSV insert: {size / 1e6:,.0f} MB, memory grew by {more // 1024} MiB")
    assert more < GROWTH_KIB


def test_a_slow_reader_holds_the_query_back(own):
    """A client that stops reading fills no buffer of ours: the server waits, and memory stays."""
    server = own.api.penstock
    endpoint = own.publish("SELECT repeat('x', 1000) AS x FROM numbers(1000000)")
    assert own.run(endpoint, {"format": "RowBinary"}, timeout=120).status == 200

    def read_slowly():
        done = own.curl("-o", os.devnull, "--limit-rate", "20M", "--max-time", "4", f"/run/{endpoint}?format=RowBinary")
        assert done.returncode == 28, "curl gave up by itself, as told"

    assert growth(server, read_slowly) < GROWTH_KIB
