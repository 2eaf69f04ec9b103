"""What breaks under a running Postgres pipe: the words, the state, and the way back."""

import json
import os
import subprocess

import pytest

from api import API, SQL
from postgres import PASSWORD, Postgres, postgres_pipe
from servers import ClickHouse, Gate, Penstock, random_name, wait_until
from test_postgres import holds, listed, slots


TWO = [(1, "Ann"), (2, "Bob")]
THREE = [*TWO, (3, "Cid")]


def running(api, sql, postgres, database, users, **options):
    before = slots(postgres)
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users], **options))
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], TWO)
    return pipe, next(iter(slots(postgres) - before), None)


def failed(api, pipe, words, timeout=90):
    shown = api.wait_state(pipe, "Failed", timeout=timeout)["stateMessage"]
    assert words in shown, shown
    assert PASSWORD not in json.dumps(api.pipe(pipe))
    return shown


def drop_slot(postgres, slot):
    # The pipe comes back to its slot at once.
    postgres.sql(f"""DO $$ BEGIN FOR attempt IN 1..200 LOOP
  PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active_pid IS NOT NULL;
  BEGIN PERFORM pg_drop_replication_slot('{slot}'); RETURN; EXCEPTION WHEN object_in_use THEN PERFORM pg_sleep(0.02); END;
END LOOP; RAISE 'the slot stays in use'; END $$""")


def test_the_slot_is_dropped_under_a_running_pipe(api, sql, postgres, database, users):
    pipe, slot = running(api, sql, postgres, database, users)
    drop_slot(postgres, slot)
    postgres.sql("INSERT INTO users VALUES (3, 'Cid')", database)
    assert "resync the pipe" in failed(api, pipe, f'replication slot "{slot}" does not exist')
    api.command(pipe, "resync").result
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], THREE)
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


@pytest.mark.parametrize("own", [True, False], ids=["made by the pipe", "made by the user"])
def test_the_publication_is_dropped_under_a_running_pipe(api, sql, postgres, database, users, own):
    settings = {}
    if not own:
        postgres.sql("CREATE PUBLICATION mine FOR TABLE users", database)
        settings = {"publicationName": "mine"}
    pipe, slot = running(api, sql, postgres, database, users, settings=settings)
    name = "mine" if not own else slot
    postgres.sql(f"DROP PUBLICATION {name}; INSERT INTO users VALUES (3, 'Cid')", database)
    assert "resync the pipe" in failed(api, pipe, f'publication "{name}" does not exist')
    if not own:
        postgres.sql("CREATE PUBLICATION mine FOR TABLE users", database)
    api.command(pipe, "resync").result
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], THREE)
    postgres.sql("DELETE FROM users WHERE id = 3", database)
    holds(sql, users["targetTable"], TWO)
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_wal_level_is_lowered_under_a_pipe(api, sql, tmp_path_factory):
    directory = tmp_path_factory.mktemp("level")
    postgres = Postgres(directory)
    postgres.sql("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann'), (2, 'Bob')")
    users = {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": random_name("users_")}
    pipe, slot = running(api, sql, postgres, "postgres", users)
    # Postgres does not start with a lower level while there is a slot.
    drop_slot(postgres, slot)
    postgres.stop()
    configuration = directory / "data/postgresql.conf"
    text = configuration.read_text()
    configuration.write_text(text.replace("wal_level = logical", "wal_level = replica"))
    postgres.restart()
    failed(api, pipe, f'replication slot "{slot}" does not exist')
    refused = api.command(pipe, "resync")
    if refused.status == 200:
        failed(api, pipe, "wal_level")
    else:
        assert "wal_level is not logical" in refused.error
    postgres.stop()
    configuration.write_text(text)
    postgres.restart()
    postgres.sql("INSERT INTO users VALUES (3, 'Cid')")
    api.command(pipe, "resync").result
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], THREE)
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {users['targetTable']}")
    postgres.stop()


def test_a_privilege_is_taken_away(api, sql, postgres, database, users):
    role = f"reader_{database}"
    postgres.sql(f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD '{PASSWORD}'; GRANT SELECT ON users TO {role}; CREATE PUBLICATION mine FOR ALL TABLES", database)
    pipe, _ = running(api, sql, postgres, database, users, settings={"publicationName": "mine"}, source={
        "credentials": {"username": role, "password": PASSWORD}})
    # The copy of a resync needs what the stream does not.
    postgres.sql(f"REVOKE SELECT ON users FROM {role}; INSERT INTO users VALUES (3, 'Cid')", database)
    holds(sql, users["targetTable"], THREE)
    answer = api.curl("PATCH", f"{api.pipes}/{pipe}/state", {"command": "resync", "tables": [users["targetTable"]]})
    if answer.status == 200:
        wait_until(lambda: listed(api, pipe)[0]["state"] == "Failed", 60, "the table to fail")
        message = listed(api, pipe)[0]["message"]
        assert "permission denied for table users" in message and "Grant" in message
        assert api.pipe(pipe)["state"] == "Running"
    else:
        assert "failed to select from table public.users: permission denied" in answer.error
    postgres.sql(f"GRANT SELECT ON users TO {role}", database)
    api.curl("PATCH", f"{api.pipes}/{pipe}/state", {"command": "resync", "tables": [users["targetTable"]]}).result
    wait_until(lambda: listed(api, pipe)[0]["state"] == "Streaming", 60, "the table to be streamed")
    # Without the right to log in at all the pipe fails, and goes on when it is back.
    postgres.sql(f"ALTER ROLE {role} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'", database)
    failed(api, pipe, "is not permitted to log in")
    postgres.sql(f"ALTER ROLE {role} LOGIN; INSERT INTO users VALUES (4, 'Dan')", database)
    api.command(pipe, "start").result
    holds(sql, users["targetTable"], [*THREE, (4, "Dan")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    postgres.sql(f"DROP OWNED BY {role}; DROP ROLE {role}", database)


def test_a_table_is_dropped_while_another_goes_on(api, sql, postgres, database, users):
    postgres.sql("CREATE TABLE orders (id int PRIMARY KEY, name text); INSERT INTO orders VALUES (1, 'book')", database)
    orders = {**users, "sourceTable": "orders", "targetTable": users["targetTable"] + "_orders"}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users, orders]))
    api.wait_state(pipe, "Running")
    holds(sql, orders["targetTable"], [(1, "book")])
    postgres.sql("DROP TABLE orders; INSERT INTO users VALUES (3, 'Cid')", database)
    holds(sql, users["targetTable"], THREE)
    api.command(pipe, "stop")
    api.wait_state(pipe, "Paused")
    api.command(pipe, "start")
    wait_until(lambda: [table["state"] for table in listed(api, pipe)] == ["Streaming", "Failed"], 60, "the table to be failed")
    assert "source table public.orders does not exist: it was dropped or renamed" in listed(api, pipe)[1]["message"]
    shown = api.pipe(pipe)
    assert shown["state"] == "Running" and "1 of 2 tables failed, the others go on" in shown["stateMessage"]
    postgres.sql("DELETE FROM users WHERE id = 3", database)
    holds(sql, users["targetTable"], TWO)
    # What was copied stays.
    holds(sql, orders["targetTable"], [(1, "book")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {orders['targetTable']}")


def test_a_server_that_is_away_needs_nobody(api, sql, postgres, database, users):
    """How long it may be is a matter of patience, an hour unless configured: that is proven with a clock that can be turned."""
    gate = Gate(postgres.port)
    pipe, _ = running(api, sql, postgres, database, users, source={"port": gate.port})
    gate.close()
    waiting = wait_until(lambda: (p := api.pipe(pipe)).get("stateMessage") and p, 30, "a message")
    assert waiting["state"] == "Running" and waiting["stateMessage"].startswith("retrying: "), waiting
    assert f"127.0.0.1:{gate.port}" in waiting["stateMessage"]
    postgres.sql("INSERT INTO users VALUES (3, 'Cid')", database)
    gate.open()
    holds(sql, users["targetTable"], THREE)
    wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 30, "the message to go")
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    gate.close()


def as_root(*command, check=True):
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=check, capture_output=not check)


def test_a_clickhouse_whose_disk_is_full_and_then_read_only(tmp_path, postgres, database):
    """A file system of its own: nothing is lost, and nobody has to act."""
    postgres.sql("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann'), (2, 'Bob')", database)
    users = {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": "users"}
    disk = tmp_path / "disk"
    store = disk / "clickhouse/data/store"
    disk.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", "size=300m,mode=1777", "tmpfs", disk)
    program = remote = None
    try:
        remote = ClickHouse(disk / "clickhouse")
        configuration = tmp_path / "penstock.yaml"
        configuration.write_text(json.dumps({"services": [{"name": "remote", "url": remote.url}]}))
        program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
        api, sql = API(program), SQL(remote.url)
        services = {s["name"]: s["id"] for s in api.get(f"{api.organization}/services").result}
        api.pipes = f"{api.organization}/services/{services['remote']}/clickpipes"
        pipe, _ = running(api, sql, postgres, database, users)

        fill = disk / "fill"
        with open(fill, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        postgres.sql("INSERT INTO users SELECT n, repeat(md5(n::text), 30) FROM generate_series(10, 20000) n", database)
        told = wait_until(lambda: api.pipe(pipe).get("stateMessage"), 60, "a message")
        assert told.startswith("retrying: ") and ("space" in told.lower()), told
        assert api.pipe(pipe)["state"] == "Running"
        fill.unlink()
        count = "SELECT (count(), uniqExact(id)) FROM users FINAL WHERE _peerdb_is_deleted = 0"
        wait_until(lambda: sql.value(count) == [19993, 19993], 120, "the rows")
        wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 60, "the message to go")

        # A second mount of the same place, for files that are opened from now on: the first has writers and cannot be made read-only.
        as_root("mount", "--bind", store, store)
        as_root("mount", "-o", "remount,bind,ro", store)
        postgres.sql("INSERT INTO users VALUES (30000, 'late')", database)
        told = wait_until(lambda: api.pipe(pipe).get("stateMessage"), 60, "a message")
        assert told.startswith("retrying: ") and "ead-only" in told, told
        as_root("umount", "-l", store)
        wait_until(lambda: sql.value(count) == [19994, 19994], 120, "the rows")
    finally:
        for server in (program, remote):
            if server:
                server.stop()
        for place in (store, disk):
            as_root("umount", "-l", place, check=False)


def test_a_warning_before_the_slot_is_lost_and_a_resync_after(tmp_path, tmp_path_factory):
    """A pipe that is behind says how much is left of max_slot_wal_keep_size."""
    postgres = Postgres(tmp_path_factory.mktemp("keep"), settings="""wal_level = logical
max_slot_wal_keep_size = '160MB'
min_wal_size = 32MB
max_wal_size = 32MB
checkpoint_timeout = 30s""")
    postgres.sql("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann'), (2, 'Bob'); CREATE TABLE noise (t text)")
    users = {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": "users"}
    remote = ClickHouse(tmp_path / "remote")
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text(json.dumps({"services": [{"name": "remote", "url": remote.url}]}))
    program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
    try:
        api, sql = API(program), SQL(remote.url)
        services = {s["name"]: s["id"] for s in api.get(f"{api.organization}/services").result}
        api.pipes = f"{api.organization}/services/{services['remote']}/clickpipes"
        pipe, slot = running(api, sql, postgres, "postgres", users)
        # Nothing can be written, so nothing is confirmed, and the log grows.
        remote.kill()
        postgres.sql("INSERT INTO users VALUES (3, 'Cid')")
        fill = "INSERT INTO noise VALUES ('x'); SELECT pg_switch_wal(); CHECKPOINT"
        status = f"SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{slot}'"
        wait_until(lambda: postgres.sql(fill) is not None and postgres.sql(status) in ("extended", "unreserved"), 60, "the log to grow", interval=0.5)
        told = wait_until(lambda: "MiB of log on the server" in program.output() and program.output(), 60, "the warning")
        assert "wal_status extended, and" in told and "MiB more lose it): the pipe is behind" in told
        remote.restart()
        holds(sql, "users", THREE, timeout=90)
        api.command(pipe, "stop")
        api.wait_state(pipe, "Paused")
        wait_until(lambda: postgres.sql(fill) is not None and postgres.sql(status) == "lost", 60, "the slot to be lost", interval=0.2)
        postgres.sql("INSERT INTO users VALUES (4, 'Dan')")
        api.command(pipe, "start")
        assert "max_slot_wal_keep_size" in failed(api, pipe, "is lost")
        api.command(pipe, "resync").result
        holds(sql, "users", [*THREE, (4, "Dan")])
    finally:
        program.stop()
        remote.stop()
        postgres.stop()
