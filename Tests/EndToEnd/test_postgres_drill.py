"""The Postgres drill: pgbench runs, Penstock is killed, Postgres and ClickHouse end and come back; every table equals its source row by row."""

import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

import pytest

from api import API, SQL
from postgres import BINARIES, Postgres, huge_transaction, postgres_pipe
from servers import Penstock, wait_until
from test_postgres_types import PREPARATION as TYPES, matrix

# The columns of each table as the source writes them; where ClickHouse writes the same value otherwise, a pair.
TABLES = {
    "pgbench_accounts": ["aid", "bid", "abalance", "filler"], "pgbench_branches": ["bid", "bbalance"],
    "pgbench_tellers": ["tid", "bid", "tbalance"],
    "pgbench_history": [
        "id", "tid", "bid", "aid", "delta", ("to_char(mtime, 'YYYY-MM-DD HH24:MI:SS.US')", "toString(mtime)")],
    "parted": ["id", "kind", "note"]}
# Values that differ from row to row, beside those of TYPES.md.
VARIED = [
    ("bigint", "(random() * 1e18)::bigint", "{}", "{}"), ("double precision", "floor(random() * 1e6) / 8", "{}::text", "toString({})"),
    ("numeric(20,4)", "(random() * 1e9)::numeric(20,4)", "trim_scale({})::text", "toString({})"),
    ("numeric", "random()::numeric * 1000", "trim_scale({})::text", "toString({})"),
    ("text", "repeat(md5(random()::text), (random() * 3)::int)", "{}", "{}"), ("uuid", "gen_random_uuid()", "{}", "{}"),
    ("bytea", "decode(md5(random()::text), 'hex')", "encode({}, 'hex')", "lower(hex({}))"),
    ("timestamptz", "now() - random() * interval '9 years'", "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", "toString({})"),
    ("date", "date '1950-01-01' + (random() * 30000)::int", "{}", "{}"), ("boolean", "random() < 0.5", "{}::text", "toString({})"),
    ("jsonb", "jsonb_build_object('n', (random() * 1e15)::bigint, 't', md5(random()::text))", "{}::text", "{}"),
    ("integer[]", "ARRAY[(random() * 1e9)::int, 7, (random() * 1e9)::int]", "array_to_json({})::text", "toString({})"),
]
# Larger than a page, and not changed by half of the updates.
LARGE = ("text", "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 200))", "md5({})", "lower(hex(MD5({})))")


class EveryType:
    """A table with the types of TYPES.md, whose values are there or not by chance, and of columns whose values are drawn."""

    def __init__(self):
        rows = [row for row in matrix() if row[0] not in ("citext", "hstore")] + [row for row in matrix() if row[0] in ("citext", "hstore")]
        self.columns, self.draws, self.compared = [], [], ["id"]
        for index, (type, value, target, becomes, _) in enumerate(rows):
            name, is_array = f"c{index}", target.startswith("Array")
            self.columns.append((name, type))
            self.draws.append(f"CASE WHEN random() < 0.8 THEN CAST({value} AS {type}) END")
            if type == "boolean":
                self.compared.append((f"{name}::text", f"toString({name})"))
            elif not is_array and becomes != "0":
                # What the type becomes is fixed by TYPES.md; here it counts whether it is there.
                text = "'" + becomes.replace("\\n", "\n").replace("'", "''") + "'"
                self.compared.append((f"CASE WHEN {name} IS NOT NULL THEN {text} END", f"toString({name})"))
        for index, (type, value, source, target) in enumerate([*VARIED, LARGE]):
            name = f"v{index}"
            self.columns.append((name, type))
            self.draws.append(f"CASE WHEN random() < 0.9 THEN {value} END" if not type.endswith("[]") else value)
            self.compared.append((source.format(name), target.format(name)))

    @property
    def preparation(self):
        names = ", ".join(name for name, _ in self.columns)
        small = [(name, draw) for (name, _), draw in zip(self.columns[:-1], self.draws[:-1])]
        return f"""{TYPES}
CREATE TABLE every_type (id bigserial PRIMARY KEY, {", ".join(f"{name} {type}" for name, type in self.columns)});
ALTER TABLE every_type ALTER {self.columns[-1][0]} SET STORAGE EXTERNAL;
CREATE FUNCTION every_insert() RETURNS void LANGUAGE sql AS $f$ INSERT INTO every_type ({names}) SELECT {", ".join(self.draws)} $f$;
CREATE FUNCTION every_update(key bigint) RETURNS void LANGUAGE sql AS $f$
  UPDATE every_type SET {", ".join(f"{name} = {draw}" for name, draw in small)} WHERE id = key $f$;
CREATE FUNCTION every_update_large(key bigint) RETURNS void LANGUAGE sql AS $f$
  UPDATE every_type SET {self.columns[-1][0]} = {self.draws[-1]}, c0 = NOT c0 WHERE id = key $f$;
SELECT every_insert() FROM generate_series(1, 500);
"""
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
TYPED = """\\set a random(1, 500)
\\set b random(1, 100000)
BEGIN;
SELECT every_insert(), every_update(:a), every_update_large(501 - :a);
DELETE FROM every_type WHERE id = :b;
COMMIT;
"""


def source_rows(postgres, table, columns):
    columns = ", ".join(column if isinstance(column, str) else column[0] for column in columns)
    return postgres.sql(f"COPY (SELECT {columns} FROM {table} ORDER BY 1, 2) TO STDOUT")


def target_rows(sql, table, columns):
    columns = ", ".join(column if isinstance(column, str) else column[1] for column in columns)
    rows = sql.text(f"SELECT {columns} FROM bench_{table} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY 1, 2 FORMAT TSV")
    # Postgres leaves quotes as they are.
    return rows.rstrip("\n").replace("\\'", "'")


def assert_equal(expected, found, table, columns):
    """Names the first fields that differ; whole tables would fill the screen."""
    ours, theirs = found.split("\n"), expected.split("\n")
    different = [
        (theirs_row.split("\t")[0], column, theirs_field[:100], ours_field[:100])
        for theirs_row, ours_row in zip(theirs, ours) if theirs_row != ours_row
        for column, theirs_field, ours_field in zip(columns, theirs_row.split("\t"), ours_row.split("\t")) if theirs_field != ours_field]
    fields = {str(field[1]) for field in different}
    if expected != found:
        raise AssertionError(
            f"{table}: {len(theirs)} rows at the source, {len(ours)} in the target, {len(different)} fields differ of {fields}; "
            f"(key, column, source, target): {different[:5]}")


@pytest.mark.drill
def test_everything_is_equal_after_kills(tmp_path, tmp_path_factory, rounds):
    kills, restarts, scale = rounds(4, 25), rounds(1, 3), rounds(1, 20)
    chance = random.Random(int(os.environ.get("PENSTOCK_DRILL_SEED", random.randrange(1 << 30))))
    postgres = Postgres(tmp_path_factory.mktemp("drill"))
    bench = lambda *arguments: [BINARIES / "pgbench", *map(str, arguments), "postgres"]  # noqa: E731
    subprocess.run(bench("-i", "-q", "-s", scale), check=True, capture_output=True, env=postgres.environment())
    every_type = EveryType()
    postgres.sql(PREPARATION + every_type.preparation)
    tables = {**TABLES, "every_type": every_type.compared}
    extra, typed = tmp_path / "extra.sql", tmp_path / "typed.sql"
    extra.write_text(EXTRA)
    typed.write_text(TYPED)

    program = Penstock(tmp_path / "data")
    api = API(program)
    wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
    mappings = [
        {"sourceSchemaName": "public", "sourceTable": table, "targetTable": f"bench_{table}"} for table in tables]
    pipe = api.create_pipe(postgres_pipe(
        postgres, "postgres", mappings, settings={
            "snapshotNumRowsPerPartition": 10000, "snapshotNumberOfParallelTables": 2, "allowNullableColumns": True}))

    stopping, pause = threading.Event(), threading.Event()

    def load():
        while not stopping.is_set():
            # Ends with an error when the server restarts; then it begins again.
            subprocess.run(
                bench("-n", "-c", 4, "-j", 2, "-T", 5, "-R", 150, "-b", "tpcb-like@6", "-f", f"{extra}@2", "-f", f"{typed}@1"),
                capture_output=True, env=postgres.environment())
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
    ended = time.monotonic()
    api.wait_state(pipe, "Running", timeout=120)
    sql = SQL(program.credentials["clickhouseURL"])
    counts = []
    for table, columns in tables.items():
        expected = source_rows(postgres, table, columns)
        try:
            wait_until(lambda: target_rows(sql, table, columns) == expected, 60, f"{table} to equal its source", interval=0.5)
        except AssertionError:
            assert_equal(expected, target_rows(sql, table, columns), table, columns)
        counts.append(f"{table} {len(expected.splitlines())}")
    took = time.monotonic() - ended
    versions = sql.value("SELECT count() FROM bench_pgbench_branches WHERE _peerdb_version > 0")
    typed_versions = sql.value("SELECT count() FROM bench_every_type WHERE _peerdb_version > 0")
    assert versions > 0 and typed_versions > 0
    print(f"""
{kills} kills of Penstock, {restarts} restarts of Postgres, {restarts} kills of ClickHouse, scale {scale}
rows equal to their source {took:.1f} s after the load ended: {", ".join(counts)}
changes seen by pgbench_branches {versions}, by every_type {typed_versions}""")
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
