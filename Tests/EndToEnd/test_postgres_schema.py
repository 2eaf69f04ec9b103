"""Source tables that change under a pipe: what the target becomes, what is on record, and which tables go on."""

import pytest

from api import API, SQL
from postgres import Postgres, postgres_pipe
from servers import Penstock, random_name, wait_until
from test_postgres import holds, listed, live

FOLLOW = {"dropColumn": "drop", "renameColumn": "rename", "truncate": "replicate"}


class Mirror:
    """A table `t` with two rows and a pipe that copied it; `columns` follow `id int PRIMARY KEY, name text`."""

    def __init__(self, api, sql, postgres, database, columns="", changes=None, rows=None, settings=None, **mapping):
        self.api, self.sql, self.postgres, self.database = api, sql, postgres, database
        self.target = random_name("schema_")
        self.final = "" if mapping.get("tableEngine") == "MergeTree" else "FINAL"
        postgres.sql(f"CREATE TABLE t (id int PRIMARY KEY, name text{columns}); {rows or self.insert((1, 'Ann'), (2, 'Bob'))}", database)
        self.mapping = {"sourceSchemaName": "public", "sourceTable": "t", "targetTable": self.target, **mapping}
        settings = {**({"schemaChanges": changes} if changes else {}), **(settings or {})}
        self.pipe = api.create_pipe(postgres_pipe(postgres, database, [self.mapping], settings=settings))
        api.wait_state(self.pipe, "Running")
        self.holds((1, "Ann"), (2, "Bob"))

    @staticmethod
    def insert(*rows):
        return "; ".join(f"INSERT INTO t (id, name) VALUES ({id}, '{name}')" for id, name in rows) + ";"

    def run(self, text):
        self.postgres.sql(text, self.database)

    def holds(self, *rows, timeout=60):
        live = f"SELECT groupArray((id, name)) FROM (SELECT id, name FROM {self.target} {self.final} WHERE _peerdb_is_deleted = 0 ORDER BY id)"
        exists = f"EXISTS TABLE {self.target}"
        wait_until(
            lambda: self.sql.value(exists) == 1 and [tuple(row) for row in self.sql.value(live)] == list(rows), timeout,
            f"{self.target} to hold {rows}")

    def table(self, target=None):
        (table,) = [table for table in listed(self.api, self.pipe) if table["targetTable"] == (target or self.target)]
        return table

    def events(self):
        return [change["change"] for change in self.table().get("schemaChanges", [])]

    def saw(self, words):
        wait_until(lambda: any(words in event for event in self.events()), 30, f"'{words}' among {self.events()}")

    def columns(self):
        names = self.sql.value(f"SELECT groupArray(name) FROM (SELECT name FROM system.columns WHERE table = '{self.target}' ORDER BY position)")
        return [name for name in names if not name.startswith("_peerdb")]

    def values(self, columns):
        text = f"SELECT groupArray(({columns})) FROM (SELECT * FROM {self.target} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY id)"
        return [tuple(row) if isinstance(row, list) else (row,) for row in self.sql.value(text)]

    def close(self):
        self.api.curl("DELETE", f"{self.api.pipes}/{self.pipe}").result
        self.sql.text(f"DROP TABLE {self.target}")


def test_columns_that_are_dropped_and_renamed_are_followed_when_asked(api, sql, postgres, database):
    mirror = Mirror(api, sql, postgres, database, ", a int DEFAULT 5, b text DEFAULT 'b', c int DEFAULT 6", changes=FOLLOW)
    mirror.run("ALTER TABLE t DROP COLUMN a; ALTER TABLE t RENAME b TO bb; INSERT INTO t VALUES (3, 'Cid', 'new', 7); UPDATE t SET bb = 'up' WHERE id = 1")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"))
    wait_until(lambda: mirror.columns() == ["id", "name", "bb", "c"], 30, "the columns")
    wait_until(lambda: mirror.values("bb, c") == [("up", 6), ("b", 6), ("new", 7)], 30, "the values")
    mirror.saw("column 'a' was dropped at the source: dropped")
    mirror.saw("column 'b' was renamed to 'bb': renamed")
    # Another rename, of a column that was renamed before, and one in the same transaction as rows.
    mirror.run("BEGIN; INSERT INTO t VALUES (4, 'Dan', 'four', 8); ALTER TABLE t RENAME bb TO bbb; INSERT INTO t VALUES (5, 'Eve', 'five', 9); COMMIT")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dan"), (5, "Eve"))
    assert mirror.values("bbb") == [("up",), ("b",), ("new",), ("four",), ("five",)]
    assert all("time" in change for change in mirror.table()["schemaChanges"])
    mirror.close()


def test_without_being_asked_dropped_columns_stay_and_renamed_ones_are_new(api, sql, postgres, database):
    mirror = Mirror(api, sql, postgres, database, ", a int DEFAULT 5, b text DEFAULT 'b'")
    mirror.run("ALTER TABLE t DROP COLUMN a; ALTER TABLE t RENAME b TO bb; INSERT INTO t VALUES (3, 'Cid', 'new'); TRUNCATE t; INSERT INTO t VALUES (4, 'Dan', 'x')")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dan"))
    assert mirror.values("a, b, bb") == [(5, "b", ""), (5, "b", ""), (0, "", "new"), (0, "", "x")]
    mirror.saw("column 'a' was dropped at the source: it stays in the target")
    mirror.saw("column 'b' was renamed to 'bb': 'bb' is a new column of the target, 'b' stays")
    mirror.saw("the source was truncated: the target keeps its rows")
    mirror.close()


def test_rows_from_before_a_column_was_added_have_its_default(api, sql, postgres, database):
    mirror = Mirror(api, sql, postgres, database)
    api.command(mirror.pipe, "stop")
    api.wait_state(mirror.pipe, "Paused")
    mirror.run("""INSERT INTO t VALUES (3, 'Cid'); ALTER TABLE t ADD COLUMN a int DEFAULT 7, ADD COLUMN b text DEFAULT 'it''s', ADD COLUMN d timestamptz DEFAULT '2020-01-02 03:04:05+00', ADD COLUMN e int;
        INSERT INTO t VALUES (4, 'Dan', 8)""")
    api.command(mirror.pipe, "start")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dan"))
    old = [7, "it's", "2020-01-02 03:04:05.000000", 0]
    assert [list(row) for row in mirror.values("a, b, toString(toTimeZone(d, 'UTC')), e")] == [old, old, old, [8, *old[1:]]]
    mirror.close()


def test_changes_while_the_pipe_rests_are_followed(api, sql, postgres, database):
    mirror = Mirror(api, sql, postgres, database, ", a int DEFAULT 5, b text DEFAULT 'b', c text DEFAULT 'c'", changes=FOLLOW)
    api.command(mirror.pipe, "stop")
    api.wait_state(mirror.pipe, "Paused")
    # Rows of before, between and after: values follow the column, whatever its name was then.
    mirror.run("""INSERT INTO t VALUES (3, 'Cid', 1, 'three', 'x'); ALTER TABLE t RENAME b TO between; INSERT INTO t VALUES (4, 'Dan', 1, 'four', 'x');
ALTER TABLE t RENAME between TO last; ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN d int DEFAULT 9; INSERT INTO t VALUES (5, 'Eve', 'five', 'x', 10);""")
    api.command(mirror.pipe, "start")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dan"), (5, "Eve"))
    assert mirror.columns() == ["id", "name", "last", "c", "d"]
    assert mirror.values("last") == [("b",), ("b",), ("three",), ("four",), ("five",)]
    assert mirror.values("d") == [(9,), (9,), (9,), (9,), (10,)]
    mirror.saw("column 'b' was renamed to 'last': renamed")
    mirror.saw("column 'a' was dropped at the source: dropped")
    mirror.close()


@pytest.mark.parametrize("engine", ["ReplacingMergeTree", "MergeTree"])
def test_a_truncation_is_replicated_in_its_place(api, sql, postgres, database, engine):
    mirror = Mirror(api, sql, postgres, database, changes=FOLLOW, tableEngine=engine)
    mirror.run("INSERT INTO t VALUES (3, 'Cid'); TRUNCATE t; INSERT INTO t VALUES (4, 'Dan')")
    mirror.holds((4, "Dan"))
    mirror.run("BEGIN; INSERT INTO t VALUES (5, 'Eve'); UPDATE t SET name = 'x'; TRUNCATE t; INSERT INTO t VALUES (6, 'Fay'), (4, 'Dora'); COMMIT; INSERT INTO t VALUES (7, 'Gus')")
    mirror.holds((4, "Dora"), (6, "Fay"), (7, "Gus"))
    assert sql.value(f"SELECT count() FROM {mirror.target}") == 3
    mirror.saw("the source was truncated: rows of before are removed")
    mirror.close()


def test_a_truncation_during_the_copy(api, sql, postgres, database):
    target = random_name("schema_")
    postgres.sql("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t SELECT n, repeat('x', 300) FROM generate_series(1, 300000) n", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "t", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(
        postgres, database, [mapping], settings={"schemaChanges": FOLLOW, "snapshotNumRowsPerPartition": 1000, "initialLoadParallelism": 1}))
    wait_until(lambda: listed(api, pipe)[0]["snapshotRows"] > 0, 60, "the copy to begin")
    postgres.sql("TRUNCATE t; INSERT INTO t SELECT n, 'new' FROM generate_series(1, 500) n", database)
    api.wait_state(pipe, "Running")
    count = f"SELECT (count(), countIf(name = 'new')) FROM {target} FINAL WHERE _peerdb_is_deleted = 0"
    wait_until(lambda: sql.value(count) == [500, 500], 60, "the rows of after")
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {target}")


def test_truncations_outlive_kills(tmp_path, tmp_path_factory):
    """Killed again and again around truncations: rows of after stay, rows of before are gone."""
    postgres = Postgres(tmp_path_factory.mktemp("truncated"))
    program = Penstock(tmp_path / "data")
    api, sql = API(program), SQL(program.credentials["clickhouseURL"])
    wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
    mirror = Mirror(api, sql, postgres, "postgres", changes=FOLLOW, tableEngine="MergeTree")
    for round in range(6):
        first = 100 * round
        postgres.sql(f"""INSERT INTO t SELECT n, 'before' FROM generate_series({first + 10}, {first + 30}) n; TRUNCATE t;
INSERT INTO t SELECT n, 'after {round}' FROM generate_series({first + 40}, {first + 60}) n;""")
        program.kill()
        program = Penstock(tmp_path / "data")
        mirror.api, mirror.sql = API(program), SQL(program.credentials["clickhouseURL"])
        expected = [(first + n, f"after {round}") for n in range(40, 61)]
        mirror.holds(*expected, timeout=120)
        # Each row once, also in a table that merges nothing.
        assert mirror.sql.value(f"SELECT count() FROM {mirror.target}") == 21
    program.stop()
    postgres.stop()


def other(api, sql, postgres, database, **settings):
    """A mirror with a second table, which goes on whatever happens to the first."""
    postgres.sql("CREATE TABLE other (id int PRIMARY KEY, name text); INSERT INTO other VALUES (1, 'one')", database)
    mirror = Mirror(api, sql, postgres, database, ", v text DEFAULT '7'", **settings)
    api.command(mirror.pipe, "stop")
    api.wait_state(mirror.pipe, "Paused")
    second = {**mirror.mapping, "sourceTable": "other", "targetTable": mirror.target + "_other"}
    api.curl("PATCH", f"{api.pipes}/{mirror.pipe}", {"source": {"postgres": {"tableMappingsToAdd": [second]}}}).result
    api.command(mirror.pipe, "start")
    holds(sql, second["targetTable"], [(1, "one")])
    wait_until(lambda: {table["state"] for table in listed(api, mirror.pipe)} == {"Streaming"}, 60, "both tables to be streamed")
    return mirror, second["targetTable"]


@pytest.mark.parametrize("change,words", [
    ("ALTER TABLE t ALTER v DROP DEFAULT, ALTER v TYPE int USING v::int", "column 'v' of public.t was String and is now Int32"),
    ("ALTER TABLE t ALTER id TYPE bigint", "column 'id' of public.t was Int32 and is now Int64"),
    ("ALTER TABLE t RENAME id TO ident", "column 'id' of public.t, by which the target is sorted, was renamed to 'ident'"),
])
@pytest.mark.parametrize("resting", [False, True], ids=["running", "resting"])
def test_a_table_that_cannot_follow_fails_alone_and_a_resync_of_it_recovers(api, sql, postgres, database, change, words, resting):
    mirror, second = other(api, sql, postgres, database)
    if resting:
        api.command(mirror.pipe, "stop")
        api.wait_state(mirror.pipe, "Paused")
    mirror.run(f"INSERT INTO t VALUES (3, 'Cid', '8'); {change}; INSERT INTO t VALUES (4, 'Dan', '9'); INSERT INTO other VALUES (2, 'two')")
    if resting:
        api.command(mirror.pipe, "start")
    wait_until(lambda: mirror.table()["state"] == "Failed", 60, "the table to fail")
    assert words in mirror.table()["message"] and "resync the table" in mirror.table()["message"]
    holds(sql, second, [(1, "one"), (2, "two")])
    assert api.pipe(mirror.pipe)["state"] == "Running"
    mirror.saw(words)
    # It stays failed over a restart, and others still go on.
    api.command(mirror.pipe, "stop")
    api.wait_state(mirror.pipe, "Paused")
    api.command(mirror.pipe, "start")
    mirror.run("INSERT INTO other VALUES (3, 'three'); INSERT INTO t VALUES (5, 'Eve', '10')")
    holds(sql, second, [(1, "one"), (2, "two"), (3, "three")])
    assert mirror.table()["state"] == "Failed"
    api.curl("PATCH", f"{api.pipes}/{mirror.pipe}/state", {"command": "resync", "tables": [mirror.target]}).result
    wait_until(lambda: mirror.table()["state"] == "Streaming", 60, "the table to be streamed")
    mirror.run("INSERT INTO t VALUES (6, 'Fay', '11')")
    key = "ident" if "ident" in change else "id"
    rows = f"SELECT groupArray((k, name, toString(v))) FROM (SELECT {key} AS k, name, v FROM {mirror.target} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY k)"
    wait_until(lambda: sql.value(rows) == [
        [1, "Ann", "7"], [2, "Bob", "7"], [3, "Cid", "8"], [4, "Dan", "9"], [5, "Eve", "10"], [6, "Fay", "11"]], 60, "the rows")
    mirror.close()
    sql.text(f"DROP TABLE {second}")


@pytest.mark.parametrize("resting", [False, True], ids=["running", "resting"])
def test_a_table_that_cannot_follow_is_loaded_anew_when_asked(api, sql, postgres, database, resting):
    mirror, second = other(api, sql, postgres, database, changes={"incompatible": "resyncTable"})
    if resting:
        api.command(mirror.pipe, "stop")
        api.wait_state(mirror.pipe, "Paused")
    mirror.run("""BEGIN; INSERT INTO t VALUES (3, 'Cid', '8'); ALTER TABLE t ALTER v DROP DEFAULT, ALTER v TYPE int USING v::int; INSERT INTO t VALUES (4, 'Dan', 9); COMMIT;
INSERT INTO other VALUES (2, 'two'); UPDATE t SET v = 70 WHERE id = 1""")
    if resting:
        api.command(mirror.pipe, "start")
    wait_until(lambda: sql.value(f"SELECT type FROM system.columns WHERE table = '{mirror.target}' AND name = 'v'") == "Int32", 90, "the new type")
    mirror.run("INSERT INTO t VALUES (5, 'Eve', 10)")
    mirror.holds((1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dan"), (5, "Eve"))
    assert mirror.values("v") == [(70,), (7,), (8,), (9,), (10,)]
    holds(sql, second, [(1, "one"), (2, "two")])
    mirror.saw("It is loaded anew")
    wait_until(lambda: {table["state"] for table in listed(api, mirror.pipe)} == {"Streaming"}, 30, "both tables to be streamed")
    assert not api.pipe(mirror.pipe).get("stateMessage")
    mirror.close()
    sql.text(f"DROP TABLE {second}")


def test_the_settings_are_changed_while_the_pipe_runs(api, sql, postgres, database):
    """`schemaChanges`, `syncIntervalSeconds` and `pullBatchSize` of a PATCH take effect; what is not named stays."""
    mirror = Mirror(api, sql, postgres, database, settings={"syncIntervalSeconds": 600})

    def patch(**settings):
        return api.curl("PATCH", f"{api.pipes}/{mirror.pipe}", {"source": {"postgres": {"settings": settings}}})

    assert "schemaChanges" not in api.pipe(mirror.pipe)["source"]["postgres"]["settings"]
    refused = patch(schemaChanges={"truncate": "perhaps"})
    assert refused.status == 400 and "source.postgres.settings.schemaChanges.truncate" in refused.error
    patch(schemaChanges={"truncate": "replicate"}).result
    settings = patch(schemaChanges={"dropColumn": "drop"}).result["source"]["postgres"]["settings"]
    assert settings["schemaChanges"] == {"truncate": "replicate", "dropColumn": "drop"}
    # What comes after a pause is written at once, and the next only with the interval.
    mirror.run("TRUNCATE t; INSERT INTO t VALUES (3, 'Cid')")
    mirror.holds((3, "Cid"))
    mirror.run("INSERT INTO t VALUES (4, 'Dan')")
    slot = api.pipe(mirror.pipe)["id"].replace("-", "")
    seen = f"SELECT pg_current_wal_lsn() <= sent_lsn FROM pg_stat_replication WHERE application_name LIKE '%' AND pid = (SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'penstock_{slot}')"
    wait_until(lambda: postgres.sql(seen, database) == "t", 30, "the row to be sent")
    assert live(sql, mirror.target) == [(3, "Cid")]
    patch(pullBatchSize=2).result
    mirror.run("INSERT INTO t VALUES (5, 'Eve')")
    mirror.holds((3, "Cid"), (4, "Dan"), (5, "Eve"))
    patch(pullBatchSize=100000, syncIntervalSeconds=1).result
    for number in range(6, 9):
        mirror.run(f"INSERT INTO t VALUES ({number}, 'x')")
        mirror.holds((3, "Cid"), (4, "Dan"), (5, "Eve"), *[(n, "x") for n in range(6, number + 1)], timeout=20)
    mirror.close()


def test_tables_that_inherit_are_one_target(api, sql, postgres, database):
    target = random_name("schema_")
    postgres.sql("""CREATE TABLE t (id int PRIMARY KEY, name text); CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (t);
INSERT INTO t VALUES (1, 'Ann'); INSERT INTO child VALUES (2, 'Bob', 5)""", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "t", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [mapping], settings={"schemaChanges": FOLLOW}))
    holds(sql, target, [(1, "Ann"), (2, "Bob")])
    api.wait_state(pipe, "Running")
    postgres.sql("INSERT INTO t VALUES (3, 'Cid'); INSERT INTO child VALUES (4, 'Dan', 6); UPDATE t SET name = name || '!'; DELETE FROM child WHERE id = 2", database)
    holds(sql, target, [(1, "Ann!"), (3, "Cid!"), (4, "Dan!")])
    # Of the child alone: the rows of the parent stay, and so must those of the target.
    postgres.sql("TRUNCATE child; INSERT INTO t VALUES (5, 'Eve')", database)
    holds(sql, target, [(1, "Ann!"), (3, "Cid!"), (4, "Dan!"), (5, "Eve")])
    wait_until(lambda: "public.child, a part of the source, was truncated" in str(listed(api, pipe)), 30, "the record")
    postgres.sql("TRUNCATE t; INSERT INTO child VALUES (6, 'Fay', 1)", database)
    holds(sql, target, [(6, "Fay")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {target}")
