"""The Postgres drill: pgbench runs, Penstock is killed, Postgres and ClickHouse end and come back; every table equals its source row by row."""

import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading

import pytest

from api import API, SQL
from postgres import BINARIES, Postgres, huge_transaction, postgres_pipe
from servers import Penstock, wait_until

TABLES = {
    "pgbench_accounts": "aid, bid, abalance, filler", "pgbench_branches": "bid, bbalance", "pgbench_tellers": "tid, bid, tbalance",
    "pgbench_history": "id, tid, bid, aid, delta", "parted": "id, kind, note"}
PREPARATION = """
ALTER TABLE pgbench_history ADD COLUMN id bigserial PRIMARY KEY;
CREATE TABLE parted (id bigserial, kind int, note text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted (kind, note) SELECT n % 3, repeat('n' || n, n % 50) FROM generate_series(1, 5000) n;
"""
EXTRA = """\\set a random(1, 5000)
\\set k random(0, 2)
BEGIN;
INSERT INTO parted (kind, note) VALUES (:k, 'new ' || :a);
UPDATE parted SET note = 'changed ' || :a, kind = :k WHERE id = :a;
DELETE FROM parted WHERE id = :a + 5000;
COMMIT;
"""


def source_rows(postgres, table, columns):
    return postgres.sql(f"COPY (SELECT {columns} FROM {table} ORDER BY 1, 2) TO STDOUT")


def target_rows(sql, table, columns):
    return sql.text(f"SELECT {columns} FROM bench_{table} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY 1, 2 FORMAT TSV").rstrip("\n")


@pytest.mark.drill
def test_everything_is_equal_after_kills(tmp_path, tmp_path_factory, rounds):
    kills, restarts, scale = rounds(4, 25), rounds(1, 3), rounds(1, 20)
    chance = random.Random(int(os.environ.get("PENSTOCK_DRILL_SEED", random.randrange(1 << 30))))
    postgres = Postgres(tmp_path_factory.mktemp("drill"))
    bench = lambda *arguments: [BINARIES / "pgbench", *map(str, arguments), "postgres"]  # noqa: E731
    subprocess.run(bench("-i", "-q", "-s", scale), check=True, capture_output=True, env=postgres.environment())
    postgres.sql(PREPARATION)
    extra = tmp_path / "extra.sql"
    extra.write_text(EXTRA)

    program = Penstock(tmp_path / "data")
    api = API(program)
    wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
    mappings = [
        {"sourceSchemaName": "public", "sourceTable": table, "targetTable": f"bench_{table}"} for table in TABLES]
    pipe = api.create_pipe(postgres_pipe(
        postgres, "postgres", mappings, settings={"snapshotNumRowsPerPartition": 10000, "snapshotNumberOfParallelTables": 2}))

    stopping, pause = threading.Event(), threading.Event()

    def load():
        while not stopping.is_set():
            # Ends with an error when the server restarts; then it begins again.
            subprocess.run(
                bench("-n", "-c", 4, "-j", 2, "-T", 5, "-R", 150, "-b", "tpcb-like@3", "-f", f"{extra}@1"), capture_output=True, env=postgres.environment())
            pause.wait(0.2)

    loader = threading.Thread(target=load)
    loader.start()
    try:
        victims = ["penstock"] * kills + ["postgres", "clickhouse"] * restarts
        chance.shuffle(victims)
        for victim in victims:
            pause.wait(chance.uniform(0.5, 5))
            if victim == "penstock":
                program.kill()
                program = Penstock(tmp_path / "data")
                api = API(program)
            elif victim == "postgres":
                postgres.stop()
                pause.wait(chance.uniform(0, 2))
                postgres.restart()
            elif pid := program.clickhouse_pid():
                os.kill(pid, signal.SIGKILL)
    finally:
        stopping.set()
        loader.join()
    api.wait_state(pipe, "Running", timeout=120)
    sql = SQL(program.credentials["clickhouseURL"])
    for table, columns in TABLES.items():
        expected = source_rows(postgres, table, columns)
        wait_until(lambda: target_rows(sql, table, columns) == expected, 120, f"{table} to equal its source", interval=0.5)
    versions = sql.value("SELECT count() FROM bench_pgbench_branches WHERE _peerdb_version > 0")
    assert versions > 0
    program.stop()
    postgres.stop()


@pytest.mark.drill
def test_a_huge_transaction_fits_into_256_mib(rounds):
    """5 GB in full: Postgres streams it before it commits, Penstock keeps it in a file, and memory stays what it is."""
    # Not a folder of pytest's, which would keep the gigabytes.
    with tempfile.TemporaryDirectory(prefix="penstock-drill-") as folder:
        folder = pathlib.Path(folder)
        settings = "wal_level = logical\nmax_wal_size = 16GB\ncheckpoint_timeout = 1h\nautovacuum = off"
        postgres = Postgres(folder / "postgres", settings)
        program = Penstock(folder / "data")
        try:
            api = API(program)
            wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
            seconds, peak = huge_transaction(
                postgres, program, api, SQL(program.credentials["clickhouseURL"]), rounds(400_000, 5_000_000))
            print(f"\ndrill: {seconds:.0f} s behind the commit, {peak / 1024:.0f} MiB")
            assert peak <= 256 * 1024
        finally:
            program.stop()
            postgres.stop()
