"""Object storage pipes beside ClickHouse's own INSERT … SELECT FROM s3(…), on the same files, in one run.

Both read the same bucket through the same ClickHouse, in alternation, so that both meet the same machine.
Writes its table of docs/benchmarks.md.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

import page  # noqa: E402
from api import API, SQL  # noqa: E402
from files import COLUMNS, s3_pipe  # noqa: E402
from servers import Moto, Penstock  # noqa: E402

STRUCTURE = ", ".join(f"{c['name']} {c['type']}" for c in COLUMNS)
CASES = [("JSONEachRow", "json", 20, 600_000), ("Parquet", "parquet", 20, 1_200_000), ("CSV", "csv", 20, 500_000)]


def fill(sql: SQL, url: str, format: str, suffix: str, files: int, rows: int) -> int:
    """`files` files of `rows` rows each, written by ClickHouse itself; returns their bytes."""
    for part in range(files):
        sql.text(f"""INSERT INTO FUNCTION s3('{url}/{suffix}/{part:03}.{suffix}', 'root', 'root', '{format}', '{STRUCTURE}')
          SELECT number, concat('customer ', toString(cityHash64(number) % 1000000), ' bought item ', toString(number % 977)), number / 8,
          toInt32(number % 100000), number % 3 = 0, toDateTime(1600000000 + number) FROM numbers({part * rows}, {rows})
          SETTINGS s3_truncate_on_insert = 1""")
    return sql.value(f"SELECT sum(_size) FROM s3('{url}/{suffix}/*.{suffix}', 'root', 'root', 'One')")


def direct(sql: SQL, url: str, format: str, suffix: str) -> float:
    sql.text("DROP TABLE IF EXISTS bench_direct SYNC")
    sql.text(f"CREATE TABLE bench_direct ({STRUCTURE}) ENGINE = MergeTree ORDER BY tuple()")
    started = time.monotonic()
    sql.text(f"INSERT INTO bench_direct SELECT * FROM s3('{url}/{suffix}/*.{suffix}', 'root', 'root', '{format}', '{STRUCTURE}')")
    return time.monotonic() - started


def piped(api: API, sql: SQL, moto: Moto, bucket: str, format: str, suffix: str) -> float:
    """From the POST until the pipe is Completed, as a user would see it."""
    sql.text("DROP TABLE IF EXISTS bench_piped SYNC")
    body = s3_pipe(moto, bucket, f"{suffix}/*.{suffix}", "bench_piped", format)
    started = time.monotonic()
    pipe = api.create_pipe(body)
    api.wait_state(pipe, "Completed", timeout=600, interval=0.25)
    elapsed = time.monotonic() - started
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    return elapsed


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--penstock", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    arguments.add_argument("--repeat", type=int, default=5)
    options = arguments.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as directory:
        moto = Moto(pathlib.Path(directory))
        penstock = Penstock(pathlib.Path(directory) / "data", binary=options.penstock)
        try:
            api, sql = API(penstock), SQL(penstock.credentials["clickhouseURL"])
            moto.client("s3").create_bucket(Bucket="bench")
            url = f"{moto.url}/bench"
            for format, suffix, files, rows in CASES:
                size = fill(sql, url, format, suffix, files, rows)
                ours, theirs = [], []
                for turn in range(options.repeat):
                    # Alternating who goes first, so that neither always meets the warmer cache.
                    for who in ("direct", "piped") if turn % 2 == 0 else ("piped", "direct"):
                        if who == "direct":
                            theirs.append(direct(sql, url, format, suffix))
                        else:
                            ours.append(piped(api, sql, moto, "bench", format, suffix))
                same = sql.value(f"SELECT (SELECT (count(), sum(cityHash64(*))) FROM bench_direct) = (SELECT (count(), sum(cityHash64(*))) FROM bench_piped)")
                assert same, "the two tables differ"
                a, b = statistics.median(theirs), statistics.median(ours)
                lines.append(f"| {format}, {files} files, {files * rows:,} rows, {size / 1e6:,.0f} MB | {size / 1e6 / a:,.0f} MB/s ({a:.2f} s) | {size / 1e6 / b:,.0f} MB/s ({b:.2f} s) | {a / b:.2f} |")
                print(lines[-1], f"  direct {[round(x, 2) for x in theirs]} pipe {[round(x, 2) for x in ours]}", flush=True)
            lines.append(f"| peak memory of Penstock | | {penstock.peak_kib() / 1024:.0f} MiB | |")
            lines.append(f"| start to first ready answer, warm engine | | {penstock.ready_after:.2f} s | |")
            print(*lines[-2:], sep="\n")
            version = sql.value("SELECT version()")
        finally:
            penstock.stop()
            moto.stop()
    if options.write:
        page.write(
            options.write, "object storage", version, f"median of {options.repeat} alternating runs",
            [("| data | ClickHouse's own `INSERT … SELECT FROM s3()` | Penstock pipe, POST to Completed | ratio |", lines)])


main()
