"""Postgres pipes that are interrupted where it matters: within a transaction, before it commits, before the stream's beginning is settled."""

import json
import sqlite3
import subprocess

import pytest

from api import API, SQL
from postgres import BINARIES, postgres_pipe
from servers import Penstock, random_name, wait_until


class Pipe:
    """A Penstock that may be killed, and its pipe of table `t` (id, body), which is made with `rows`."""

    def __init__(self, folder, postgres, rows="", settings=None, states=("Running",)):
        self.postgres, self.database, self.folder = postgres, random_name("db_"), folder
        postgres.database(self.database)
        postgres.sql(f"CREATE TABLE t (id int PRIMARY KEY, count int DEFAULT 0, body text); {rows}", self.database)
        self.start()
        wait_until(lambda: self.api.get(self.api.service).result["state"] == "running", 60, "the service")
        self.id = self.api.create_pipe(postgres_pipe(postgres, self.database, ["t"], settings=settings))
        self.api.wait_state(self.id, *states)

    def start(self):
        self.program = Penstock(self.folder / "data")
        self.api = API(self.program)
        self.target = SQL(self.program.credentials["clickhouseURL"])

    def restart(self, meanwhile=lambda: None):
        self.program.kill()
        meanwhile()
        self.start()

    def holds(self, *ids):
        """Waits until the target has exactly these ids."""
        expected = f"[{','.join(map(str, ids))}]"
        wait_until(
            lambda: self.target.text("SELECT groupArray(id) FROM (SELECT id FROM public_t FINAL ORDER BY id)").strip() == expected, 60,
            f"the target to hold {expected[:100]}")

    def equals_source(self):
        query = "SELECT count(*), sum(id), sum(count), sum(length(body)) FROM "
        expected = self.postgres.sql(query + "t", self.database)
        wait_until(
            lambda: self.target.text(query + "public_t FINAL WHERE _peerdb_is_deleted = 0 FORMAT TSV").rstrip("\n") == expected, 120,
            f"the target to be {expected}")

    def confirmed(self):
        """Waits until the slot has been told of everything that is in the log now."""
        now = self.postgres.sql("SELECT pg_current_wal_lsn()", self.database)
        told = f"SELECT confirmed_flush_lsn >= '{now}' FROM pg_replication_slots WHERE database = '{self.database}'"
        wait_until(lambda: self.postgres.sql(told, self.database) == "t", 60, "the slot to follow")

    def close(self):
        self.api.curl("DELETE", f"{self.api.pipes}/{self.id}").result
        self.program.stop()


@pytest.fixture
def pipe(tmp_path, postgres):
    made = []
    yield lambda *arguments, **more: made.append(Pipe(tmp_path, postgres, *arguments, **more)) or made[-1]
    for pipe in made:
        pipe.close()


def test_a_batch_that_ends_with_the_last_row_of_a_transaction(pipe):
    """Its place within the transaction must not be taken for one within the next: that would skip the first changes there."""
    pipe = pipe()
    pipe.postgres.sql("INSERT INTO t (id, body) SELECT 1, repeat('x', 17 << 20)", pipe.database)
    pipe.holds(1)
    pipe.confirmed()
    pipe.restart(lambda: pipe.postgres.sql("INSERT INTO t (id) VALUES (2)", pipe.database))
    pipe.holds(1, 2)


def test_a_transaction_of_many_batches_is_killed_halfway(pipe):
    pipe = pipe()
    pipe.postgres.sql("INSERT INTO t (id, body) SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, 60000) n", pipe.database)
    wait_until(lambda: pipe.target.count("public_t") > 0, 60, "the first batch", interval=0.01)
    pipe.restart()
    pipe.equals_source()
    # Each row once: batches were repeated as they were.
    assert pipe.target.value("SELECT count() FROM public_t") == 60000


def test_a_part_that_announced_the_relation_is_rolled_back(pipe):
    pipe = pipe()
    pipe.postgres.sql(f"ALTER DATABASE {pipe.database} SET logical_decoding_work_mem = '64kB'", pipe.database)
    pipe.restart()
    pipe.api.wait_state(pipe.id, "Running")
    pipe.postgres.sql(
        """BEGIN; SAVEPOINT a; INSERT INTO t (id, body) SELECT n, md5(n::text) FROM generate_series(1, 5000) n; ROLLBACK TO a;
        INSERT INTO t (id, body) SELECT n, md5(n::text) FROM generate_series(10001, 15000) n; COMMIT""", pipe.database)
    pipe.equals_source()


def test_a_transaction_in_progress_when_the_process_dies(pipe):
    pipe = pipe()
    pipe.postgres.sql(f"ALTER DATABASE {pipe.database} SET logical_decoding_work_mem = '64kB'", pipe.database)
    pipe.restart()
    pipe.api.wait_state(pipe.id, "Running")
    client = subprocess.Popen(
        [BINARIES / "psql", "-X", "-q", "-A", "-t", "-d", pipe.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=pipe.postgres.environment())
    for first in (1, 20001):
        client.stdin.write(f"""{"BEGIN;" if first == 1 else ""}
            INSERT INTO t (id, body) SELECT n, repeat(md5(n::text), 10) FROM generate_series({first}, {first + 9999}) n RETURNING 'done' LIMIT 1;
            """.replace(" RETURNING 'done' LIMIT 1;", ";\nSELECT 'done';\n"))
        client.stdin.flush()
        assert client.stdout.readline() == "done\n"
        streamed = f"SELECT stream_txns > 0 FROM pg_stat_replication_slots JOIN pg_replication_slots USING (slot_name) WHERE database = '{pipe.database}'"
        wait_until(lambda: pipe.postgres.sql(streamed, pipe.database) == "t", 60, "a piece to be streamed")
        pipe.restart()
        pipe.api.wait_state(pipe.id, "Running")
    client.stdin.write("COMMIT;\n")
    client.stdin.close()
    client.wait()
    pipe.equals_source()
    assert not list((pipe.folder / "data/scratch").rglob("*[0-9]")) or all(
        entry.is_dir() for entry in (pipe.folder / "data/scratch").rglob("*")), "files of transactions have no names"


def test_the_beginning_of_the_stream_is_repeated(pipe):
    """Killed when the slot is made and its place is journaled, not settled."""
    pipe = pipe("INSERT INTO t (id) VALUES (1)")
    pipe.holds(1)

    def journaled():
        with sqlite3.connect(pipe.folder / "data/catalog.sqlite") as catalog:
            (position,) = catalog.execute("SELECT position FROM checkpoint WHERE lane = 'changes'").fetchone()
            nowhere = {"stream": {"log": "0/0", "changes": 0, "version": 0, "epoch": 0, "isReset": False}}
            catalog.execute("DELETE FROM checkpoint WHERE lane = 'changes'")
            catalog.execute(
                "INSERT INTO journal (pipe_id, batch_id, lane, extent) SELECT pipe_id, 'c0-begin-again', 'changes', ? FROM checkpoint LIMIT 1",
                [json.dumps({"start": nowhere, "end": json.loads(position)})])

    pipe.restart(journaled)
    pipe.postgres.sql("INSERT INTO t (id) VALUES (2)", pipe.database)
    pipe.holds(1, 2)


def test_unchanged_large_values_do_not_gather_in_memory(pipe):
    """An update that leaves 400 MB of them out, in one transaction."""
    pipe = pipe("""ALTER TABLE t ALTER body SET STORAGE EXTERNAL;
        INSERT INTO t SELECT n, 0, repeat(md5(n::text), 32768) FROM generate_series(1, 400) n""")
    pipe.equals_source()
    pipe.program.forget_peak()
    pipe.postgres.sql("UPDATE t SET count = id", pipe.database)
    pipe.equals_source()
    assert pipe.program.peak_kib() <= 256 * 1024


SLOWLY = {"initialLoadParallelism": 1, "snapshotNumRowsPerPartition": 5000}


def test_a_table_that_is_rewritten_while_it_is_copied(pipe):
    """Rows that were not copied yet lie where rows were copied before: nothing but a new copy finds them."""
    pipe = pipe("INSERT INTO t SELECT n, n, repeat(md5(n::text), 30) FROM generate_series(1, 100000) n; ANALYZE t", settings=SLOWLY,
                states=("Snapshot", "Running"))
    there = "SELECT sum(total_rows) FROM system.tables WHERE name = 'public_t'"
    wait_until(lambda: pipe.target.value(there), 60, "the first rows", interval=0.01)

    def rewrite():
        assert pipe.postgres.sql("SELECT count(*) FROM t", pipe.database) == "100000"
        pipe.postgres.sql("DELETE FROM t WHERE id <= 50000; VACUUM FULL t", pipe.database)

    pipe.restart(rewrite)
    pipe.equals_source()
    pipe.api.wait_state(pipe.id, "Running")


def test_a_partition_that_is_dropped_while_its_table_is_copied(pipe):
    pipe = pipe("""DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, count int, body text) PARTITION BY RANGE (id);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (90001); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (90001) TO (100001);
        INSERT INTO t SELECT n, n, repeat(md5(n::text), 30) FROM generate_series(1, 100000) n; ANALYZE t""", settings=SLOWLY,
                states=("Snapshot", "Running"))
    there = "SELECT sum(total_rows) FROM system.tables WHERE name = 'public_t'"
    wait_until(lambda: pipe.target.value(there), 60, "the first rows", interval=0.01)
    pipe.restart(lambda: pipe.postgres.sql("DROP TABLE t2", pipe.database))
    pipe.equals_source()
    pipe.api.wait_state(pipe.id, "Running")
