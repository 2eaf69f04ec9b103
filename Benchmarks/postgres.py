"""Postgres pipes: the copy beside ClickHouse's own `postgresql()` table function, the stream beside `pg_recvlogical`, how long a commit takes to be
seen, and the memory that one huge transaction takes. One Postgres 15 on loopback, in one run. Writes its tables of docs/benchmarks.md.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

import page  # noqa: E402
from api import API, SQL  # noqa: E402
from postgres import BINARIES, HUGE, PASSWORD, Postgres, huge_transaction, postgres_pipe  # noqa: E402
from servers import Penstock, wait_until  # noqa: E402

COLUMNS = ["id", "customer", "name", "note", "price", "ok", "at", "amount"]
TABLE = """(id bigint PRIMARY KEY, customer int NOT NULL, name text NOT NULL, note text NOT NULL, price numeric(12,2) NOT NULL, ok bool NOT NULL,
at timestamptz NOT NULL, amount float8 NOT NULL)"""
VALUES = """n, n % 1000, 'name ' || n, repeat(md5(n::text), 4), n / 100.0, n % 3 = 0, '2026-01-01'::timestamptz + n * interval '1 second', n / 7.0"""
SETTINGS = """wal_level = logical
shared_buffers = 512MB
max_wal_size = 32GB
checkpoint_timeout = 1h
autovacuum = off
wal_compression = off"""


class Bench:
    def __init__(self, api, sql, postgres):
        self.api, self.sql, self.postgres = api, sql, postgres

    def delete(self, pipe, *tables):
        self.api.curl("DELETE", f"{self.api.pipes}/{pipe}").result
        for table in tables:
            self.sql.text(f"DROP TABLE {table} SYNC")

    def inserting(self, table, since) -> float:
        """Seconds from the start of the first insert into a table to the end of the last one."""
        self.sql.text("SYSTEM FLUSH LOGS")
        (inserts,) = self.sql.rows(
            f"SELECT toFloat64(min(query_start_time_microseconds)) AS began, toFloat64(max(event_time_microseconds)) AS ended, count() AS count "
            f"FROM system.query_log WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND query LIKE '%{table}%' "
            f"AND query_start_time_microseconds >= toDateTime64({since:.6f}, 6)")
        return inserts["ended"] - inserts["began"]

    # The copy

    def copy(self, rows) -> tuple[float, float]:
        """Seconds from POST to all rows visible, and those of the inserts alone."""
        began = time.time()
        pipe = self.api.create_pipe(postgres_pipe(self.postgres, "postgres", ["orders"]))
        wait_until(
            lambda: self.sql.value("SELECT sum(total_rows) FROM system.tables WHERE name = 'public_orders'") == rows, 600, "the copy",
            interval=0.1)
        seconds = time.time() - began
        copying = self.inserting("public_orders", began)
        self.api.wait_state(pipe, "Running")
        self.sql.text("CREATE TABLE IF NOT EXISTS own AS public_orders")
        self.delete(pipe)
        return seconds, copying

    def table_function(self, rows) -> float:
        self.sql.text("TRUNCATE TABLE own SYNC")
        names = ", ".join(COLUMNS)
        began = time.monotonic()
        self.sql.text(
            f"INSERT INTO own ({names}) SELECT {names} FROM postgresql('{self.postgres.address}', 'postgres', 'orders', 'postgres', '{PASSWORD}')")
        seconds = time.monotonic() - began
        assert self.sql.value("SELECT count() FROM own") == rows
        return seconds

    def same(self):
        one, other = (
            f"(SELECT (count(), sum(cityHash64({', '.join(COLUMNS)}))) FROM {name})" for name in ("own", "public_orders"))
        assert self.sql.value(f"SELECT {one} = {other}"), "the copies differ"

    # The stream

    def change(self, start, transactions):
        """Transactions of 500 inserts and 500 updates; the last one inserts the row whose id is `-start`."""
        self.postgres.sql(f"""
            DO $$ DECLARE first bigint; BEGIN
              FOR t IN 0..{transactions - 1} LOOP
                first := {start} + t * 500;
                INSERT INTO events SELECT {VALUES} FROM generate_series(first, first + 499) n;
                UPDATE events SET amount = amount + 1 WHERE id BETWEEN first - 250 AND first + 249;
                COMMIT;
              END LOOP;
            END $$;
            INSERT INTO events SELECT {VALUES} FROM generate_series(-{start}, -{start}) n""")

    def stream(self, start, transactions, pipe) -> tuple[int, float, float]:
        """Bytes of log, seconds of `pg_recvlogical`, seconds of the pipe from `start` to the last row visible."""
        position = "SELECT pg_current_wal_lsn()"
        self.postgres.sql("SELECT pg_create_logical_replication_slot('plain', 'pgoutput')")
        first = self.postgres.sql(position)
        self.change(start, transactions)
        # Nobody waits for the disk.
        self.postgres.sql("CHECKPOINT")
        last = self.postgres.sql(position)
        size = int(self.postgres.sql(f"SELECT pg_wal_lsn_diff('{last}', '{first}')"))
        began = time.monotonic()
        subprocess.run(
            [BINARIES / "pg_recvlogical", "-d", "postgres", "-S", "plain", "--start", f"--endpos={last}", "-f", "/dev/null", "-o",
             "proto_version=2", "-o", "binary=true", "-o", "streaming=on", "-o", "publication_names=plain"],
            check=True, capture_output=True, env=self.postgres.environment(), timeout=600)
        theirs = time.monotonic() - began
        self.postgres.sql("SELECT pg_drop_replication_slot('plain')")
        began = time.monotonic()
        self.api.command(pipe, "start").result
        wait_until(lambda: self.sql.value(f"SELECT count() FROM public_events WHERE id = -{start}"), 600, "the changes", interval=0.1)
        ours = time.monotonic() - began
        self.api.command(pipe, "stop").result
        self.api.wait_state(pipe, "Paused")
        return size, theirs, ours

    def streams(self, transactions, repeat):
        self.postgres.sql(f"CREATE TABLE events {TABLE}; INSERT INTO events SELECT {VALUES} FROM generate_series(1, 1000) n;"
                          "CREATE PUBLICATION plain FOR TABLE events")
        pipe = self.api.create_pipe(postgres_pipe(self.postgres, "postgres", ["events"]))
        self.api.wait_state(pipe, "Running")
        self.api.command(pipe, "stop").result
        self.api.wait_state(pipe, "Paused")
        turns = []
        for turn in range(repeat):
            turns.append(self.stream(1001 + turn * transactions * 500, transactions, pipe))
            print("stream: %d bytes, pg_recvlogical %.2f s, pipe %.2f s" % turns[-1], flush=True)
        query = "SELECT count(*), sum(id), sum(customer), round(sum(amount)) FROM {} "
        expected = [float(value) for value in self.postgres.sql(query.format("events")).split("\t")]
        found = self.sql.text(query.format("public_events FINAL") + "WHERE _peerdb_is_deleted = 0 FORMAT TSV").split("\t")
        assert [float(value) for value in found] == expected, f"the stream left {found} instead of {expected}"
        self.delete(pipe, "public_events")
        return tuple(statistics.median(column) for column in zip(*turns))

    # Commits

    def latency(self, commits: int) -> tuple[float, float]:
        """Seconds from commit to visible, p50 and p99: single rows at random moments, the next one when the one before is there."""
        chance = random.Random(1)
        self.postgres.sql("CREATE TABLE ticks (id bigint PRIMARY KEY, note text)")
        pipe = self.api.create_pipe(postgres_pipe(self.postgres, "postgres", ["ticks"], settings={"syncIntervalSeconds": 1}))
        self.api.wait_state(pipe, "Running")
        client = subprocess.Popen(
            [BINARIES / "psql", "-X", "-q", "-A", "-t", "-d", "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self.postgres.environment())
        taken = []
        for number in range(1, commits + 1):
            time.sleep(chance.uniform(0, 1.5))
            client.stdin.write(f"INSERT INTO ticks VALUES ({number}, 'tick') RETURNING id;\n")
            client.stdin.flush()
            client.stdout.readline()
            began = time.monotonic()
            wait_until(lambda: self.sql.value("SELECT max(id) FROM public_ticks") == number, 60, "the commit", interval=0.005)
            taken.append(time.monotonic() - began)
        client.stdin.close()
        client.wait()
        self.delete(pipe, "public_ticks")
        taken.sort()
        return statistics.median(taken), taken[int(len(taken) * 0.99) - 1]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--penstock", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--transactions", type=int, default=600, help="of 1,000 row changes, in each turn")
    arguments.add_argument("--huge-mb", type=int, default=int(os.environ.get("PENSTOCK_BENCH_HUGE_MB", 1000)), help="size of the huge transaction")
    arguments.add_argument("--skip", nargs="*", default=[], choices=["copy", "stream", "latency", "huge"])
    options = arguments.parse_args()
    beside, alone = [], []
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as name:
        directory = pathlib.Path(name)
        postgres = Postgres(directory / "postgres", SETTINGS)
        penstock = Penstock(directory / "data", binary=options.penstock)
        try:
            api = API(penstock)
            bench = Bench(api, SQL(penstock.credentials["clickhouseURL"]), postgres)
            wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
            if "copy" not in options.skip:
                postgres.sql(
                    f"CREATE TABLE orders {TABLE}; INSERT INTO orders SELECT {VALUES} FROM generate_series(1, {options.rows}) n; VACUUM ANALYZE orders")
                size = int(postgres.sql("SELECT pg_relation_size('orders')")) / 1e6
                theirs, ours, copying = [], [], []
                for _ in range(options.repeat):
                    seconds, inserts = bench.copy(options.rows)
                    ours.append(seconds)
                    copying.append(inserts)
                    theirs.append(bench.table_function(options.rows))
                    bench.same()
                    bench.sql.text("DROP TABLE public_orders SYNC")
                    print(f"copy: postgresql() {theirs[-1]:.2f} s, pipe {ours[-1]:.2f} s, of that inserting {copying[-1]:.2f} s", flush=True)
                a, b, c = (statistics.median(values) for values in (theirs, ours, copying))
                what = f"copy of {options.rows:,} rows, {size:,.0f} MB"
                beside.append(
                    f"| {what}: `INSERT … SELECT FROM postgresql()` and POST of the pipe to all rows visible | {size / a:,.0f} MB/s ({a:.2f} s) "
                    f"| {size / b:,.0f} MB/s ({b:.2f} s) | {a / b:.2f} |")
                beside.append(f"| the same, the pipe from its first insert to its last | {size / a:,.0f} MB/s | {size / c:,.0f} MB/s ({c:.2f} s) | {a / c:.2f} |")
                alone.append(f"| peak memory of Penstock in the copies | {penstock.peak_kib() / 1024:.0f} MiB |")
                postgres.sql("DROP TABLE orders")
            if "stream" not in options.skip:
                penstock.forget_peak()
                size, a, b = bench.streams(options.transactions, options.repeat)
                changes = options.transactions * 1000
                beside.append(
                    f"| {changes:,} row changes in {options.transactions:,} transactions, {size / 1e6:,.0f} MB of log: `pg_recvlogical` to /dev/null and the "
                    f"pipe from `start` to the last row visible | {size / 1e6 / a:,.0f} MB/s, {changes / a:,.0f} rows/s | {size / 1e6 / b:,.0f} MB/s, "
                    f"{changes / b:,.0f} rows/s | {a / b:.2f} |")
                alone.append(f"| peak memory of Penstock in the stream of changes | {penstock.peak_kib() / 1024:.0f} MiB |")
            if "latency" not in options.skip:
                p50, p99 = bench.latency(60)
                alone.append(f"| commit to visible at `syncIntervalSeconds` 1, p50 / p99 | {p50 * 1000:.0f} / {p99 * 1000:.0f} ms |")
            if "huge" not in options.skip:
                rows = options.huge_mb * 1000
                seconds, peak = huge_transaction(postgres, penstock, api, bench.sql, rows)
                alone.append(
                    f"| one transaction of {rows * HUGE / 1e9:.1f} GB ({rows:,} rows), from its commit to all rows visible | {seconds:.0f} s |")
                alone.append(f"| peak memory of Penstock meanwhile | {peak / 1024:.0f} MiB |")
            version = bench.sql.value("SELECT version()")
        finally:
            penstock.stop()
            postgres.stop()
    print(*beside, *alone, sep="\n")
    if options.write:
        page.write(
            options.write, "postgres", version, f"Postgres 15, median of {options.repeat} alternating turns",
            [("| work | the other | Penstock pipe | ratio |", beside), ("| Penstock alone | |", alone)])


main()
