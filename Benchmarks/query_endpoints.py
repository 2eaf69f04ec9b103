"""Query endpoints beside the same query sent to ClickHouse's own HTTP interface, in one run.

Direct and through Penstock take turns, so that both meet the same machine. Writes its tables of docs/benchmarks.md.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

import page  # noqa: E402
from api import API, SQL  # noqa: E402
from endpoints import Endpoints, basic  # noqa: E402
from servers import Penstock  # noqa: E402

POINTS = 5_000_000
LOOKUP = "SELECT id, name, value FROM points WHERE id = {id:UInt64}"
STREAM = "SELECT number AS n, toString(number) AS s, repeat('x', 80) AS x FROM numbers({n:UInt64})"


class Side:
    """One of the two ways to ask: a base URL and the headers that let one in."""

    def __init__(self, base: str, headers: dict[str, str]):
        self.base, self.headers = base, headers

    def options(self) -> list[str]:
        return [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]


def wrk(side: Side, path: str, connections: int, seconds: int, script: pathlib.Path | None) -> tuple[float, float]:
    """Requests per second and the median latency in milliseconds. `script` makes each request's path from `path`."""
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", *side.options()]
    command += ["-s", str(script), side.base, "--", path] if script else [side.base + path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    number, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def download(side: Side, path: str) -> float:
    """MB/s of one answer."""
    done = subprocess.run(
        ["curl", "-sS", "-f", "-o", os.devnull, "-w", "%{size_download} %{time_total}", *side.options(), side.base + path],
        capture_output=True, text=True, check=True)
    size, seconds = done.stdout.split()
    return float(size) / 1e6 / float(seconds)


def alternate(repeat: int, direct, through) -> tuple[list, list]:
    """`repeat` results of each; who goes first changes, so that neither always meets the warmer machine."""
    ours, theirs = [], []
    for turn in range(repeat):
        for who in ("direct", "through") if turn % 2 == 0 else ("through", "direct"):
            (theirs if who == "direct" else ours).append((direct if who == "direct" else through)())
    return theirs, ours


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--penstock", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=3)
    arguments.add_argument("--megabytes", type=int, default=500)
    arguments.add_argument("--only", choices=["requests", "streams"])
    options = arguments.parse_args()
    requests, streams = [], []
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as directory:
        penstock = Penstock(pathlib.Path(directory) / "data", binary=options.penstock)
        try:
            sql = SQL(penstock.credentials["clickhouseURL"])
            endpoints = Endpoints(API(penstock), sql)
            vary = pathlib.Path(directory) / "vary.lua"
            vary.write_text(f"""
                local path, n
                function init(args) path, n = args[1], 0 end
                function request() n = (n + 7919) % {POINTS}; return wrk.format(nil, path .. n) end""")
            direct = Side(sql.base.rstrip("/"), sql.headers)
            ours = Side(penstock.base, {"Authorization": basic(endpoints.key.pair)})
            if options.only != "streams":
                requests = measure_requests(options, endpoints, direct, ours, vary)
            if options.only != "requests":
                streams = measure_streams(options, endpoints, direct, ours)
            version = sql.value("SELECT version()")
        finally:
            penstock.stop()
    if options.write:
        page.write(options.write, "query endpoints", version, f"median of {options.repeat} alternating turns of {options.seconds} s", [
            ("| query | connections | direct | Penstock | ratio | direct p50 | Penstock p50 | added p50 |", requests),
            ("| answer | direct | Penstock | ratio |", streams)])


def measure_requests(options, endpoints: Endpoints, direct: Side, ours: Side, vary: pathlib.Path) -> list[str]:
    endpoints.sql.text("CREATE TABLE points (id UInt64, name String, value Float64) ENGINE = MergeTree ORDER BY id")
    endpoints.sql.text(
        f"INSERT INTO points SELECT number, concat('point ', toString(number)), number / 7 FROM numbers({POINTS})", max_insert_threads=1)
    endpoints.sql.text("OPTIMIZE TABLE points FINAL")
    one, lookup = endpoints.publish("SELECT 1 AS x"), endpoints.publish(LOOKUP)
    cached = endpoints.publish("SELECT 1 AS x", cacheSeconds=3600)
    asked = lambda statement, more="": "/?" + urllib.parse.urlencode({"query": statement, "default_format": "JSONEachRow"}) + more  # noqa: E731
    cases = [
        ("`SELECT 1`", asked("SELECT 1 AS x"), f"/run/{one}?format=JSONEachRow", None),
        (f"one row of {POINTS:,} by its key, a parameter", asked(LOOKUP, "&param_id="), f"/run/{lookup}?format=JSONEachRow&param_id=", vary),
        ("`SELECT 1`, from Penstock's result cache", asked("SELECT 1 AS x"), f"/run/{cached}?format=JSONEachRow", None)]
    lines = []
    for what, theirs, mine, script in cases:
        for connections in (1, 16):
            wrk(direct, theirs, connections, 1, script)
            wrk(ours, mine, connections, 1, script)
            a, b = alternate(
                options.repeat, lambda: wrk(direct, theirs, connections, options.seconds, script),
                lambda: wrk(ours, mine, connections, options.seconds, script))
            (rate_a, p50_a), (rate_b, p50_b) = ([statistics.median(r[i] for r in side) for i in (0, 1)] for side in (a, b))
            lines.append(f"| {what} | {connections} | {rate_a:,.0f}/s | {rate_b:,.0f}/s | {rate_b / rate_a:.2f} | {p50_a:.2f} ms | {p50_b:.2f} ms | {p50_b - p50_a:+.2f} ms |")
            print(lines[-1], f"  direct {[round(r[0]) for r in a]} penstock {[round(r[0]) for r in b]}", flush=True)
    return lines


def measure_streams(options, endpoints: Endpoints, direct: Side, ours: Side) -> list[str]:
    endpoint = endpoints.publish(STREAM)
    lines = []
    for format, width in (("RowBinary", 97), ("JSONEachRow", 120)):
        rows = options.megabytes * 1_000_000 // width
        asked = "/?" + urllib.parse.urlencode({"query": STREAM, "default_format": format, "param_n": rows})
        served = f"/run/{endpoint}?format={format}&param_n={rows}&request_timeout=600000"
        a, b = alternate(options.repeat, lambda: download(direct, asked), lambda: download(ours, served))
        rate_a, rate_b = statistics.median(a), statistics.median(b)
        lines.append(f"| {format}, {options.megabytes} MB | {rate_a:,.0f} MB/s | {rate_b:,.0f} MB/s | {rate_b / rate_a:.2f} |")
        print(lines[-1], f"  direct {[round(x) for x in a]} penstock {[round(x) for x in b]}", flush=True)
    lines.append(f"| peak memory of Penstock | | {endpoints.api.penstock.peak_kib() / 1024:.0f} MiB | |")
    print(lines[-1], flush=True)
    return lines


main()
