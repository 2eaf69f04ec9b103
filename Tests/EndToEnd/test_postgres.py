"""Pipes from a real Postgres: a copy, every change, edits, resync, deletion, and what is refused."""

import json

import pytest

from api import clickhousectl
from postgres import PASSWORD, Postgres, postgres_pipe
from servers import random_name, wait_until

LIVE = "SELECT groupArray((id, name)) FROM (SELECT id, name FROM {} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY id)"


def live(sql, table):
    return [(row[0], row[1]) for row in sql.value(LIVE.format(table))]


def holds(sql, table, rows, timeout=60):
    wait_until(lambda: exists(sql, table) and live(sql, table) == rows, timeout, f"{table} to hold {rows}")


def exists(sql, table):
    return sql.value(f"EXISTS TABLE {table}") == 1


def slots(postgres):
    return set(postgres.sql("SELECT slot_name FROM pg_replication_slots").split())


def test_the_seed_example_from_create_to_delete(api, sql, postgres, database, users):
    target = users["targetTable"]
    body = {
        "name": "My Postgres CDC ClickPipe",
        "source": {"postgres": {
            "host": "127.0.0.1", "port": postgres.port, "database": database, "disableTls": True,
            "credentials": {"username": "postgres", "password": PASSWORD},
            "settings": {"replicationMode": "cdc", "syncIntervalSeconds": 1}, "tableMappings": [users]}},
        "destination": {"database": "default"}}
    before = slots(postgres)
    pipe = api.curl("POST", api.pipes, body).result["id"]
    api.wait_state(pipe, "Running")
    holds(sql, target, [(1, "Ann"), (2, "Bob")])
    own = slots(postgres) - before
    assert len(own) == 1

    postgres.sql("INSERT INTO users VALUES (3, 'Cid'); UPDATE users SET name = 'Bea' WHERE id = 2; DELETE FROM users WHERE id = 1", database)
    holds(sql, target, [(2, "Bea"), (3, "Cid")])
    # A key that changes leaves no ghost.
    postgres.sql("UPDATE users SET id = 30 WHERE id = 3", database)
    holds(sql, target, [(2, "Bea"), (30, "Cid")])
    # A column with a constant: rows that were there have it too.
    postgres.sql("ALTER TABLE users ADD COLUMN age int DEFAULT 7; INSERT INTO users VALUES (4, 'Dan', 40)", database)
    holds(sql, target, [(2, "Bea"), (4, "Dan"), (30, "Cid")])
    ages = f"SELECT groupArray(age) FROM (SELECT age FROM {target} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY id)"
    assert sql.value(ages) == [7, 40, 7]

    api.command(pipe, "stop")
    api.wait_state(pipe, "Paused")
    postgres.sql("INSERT INTO users VALUES (5, 'Eve', 50)", database)
    # Edits need a pause, and resume by themselves.
    postgres.sql("CREATE TABLE orders (id int PRIMARY KEY, name text); INSERT INTO orders VALUES (1, 'book')", database)
    orders = {**users, "sourceTable": "orders", "targetTable": target + "_orders"}
    api.curl("PATCH", f"{api.pipes}/{pipe}", {"source": {"postgres": {"tableMappingsToAdd": [orders]}}}).result
    api.command(pipe, "start")
    api.wait_state(pipe, "Running")
    holds(sql, target, [(2, "Bea"), (4, "Dan"), (5, "Eve"), (30, "Cid")])
    holds(sql, target + "_orders", [(1, "book")])
    postgres.sql("INSERT INTO orders VALUES (2, 'pen'); INSERT INTO users VALUES (6, 'Fay', 60)", database)
    holds(sql, target + "_orders", [(1, "book"), (2, "pen")])

    api.command(pipe, "stop")
    api.wait_state(pipe, "Paused")
    api.curl("PATCH", f"{api.pipes}/{pipe}", {"source": {"postgres": {"tableMappingsToRemove": [
        {"sourceSchemaName": "public", "sourceTable": "orders"}]}}}).result
    api.command(pipe, "start")
    api.wait_state(pipe, "Running")
    postgres.sql("INSERT INTO orders VALUES (3, 'ink'); INSERT INTO users VALUES (7, 'Gus', 70)", database)
    holds(sql, target, [(2, "Bea"), (4, "Dan"), (5, "Eve"), (6, "Fay"), (7, "Gus"), (30, "Cid")])
    assert live(sql, target + "_orders") == [(1, "book"), (2, "pen")]

    # What the target has too much is gone after a resync.
    sql.text(f"INSERT INTO {target} (id, name, _peerdb_version) VALUES (99, 'ghost', 1)")
    api.command(pipe, "resync").result
    api.wait_state(pipe, "Running")
    holds(sql, target, [(2, "Bea"), (4, "Dan"), (5, "Eve"), (6, "Fay"), (7, "Gus"), (30, "Cid")])
    wait_until(lambda: not exists(sql, target + "_resync"), 30, "the shadow to go")
    postgres.sql("DELETE FROM users WHERE id > 4", database)
    holds(sql, target, [(2, "Bea"), (4, "Dan")])

    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    assert slots(postgres) == before
    assert postgres.sql("SELECT count(*) FROM pg_publication", database) == "0"
    assert live(sql, target) == [(2, "Bea"), (4, "Dan")]
    sql.text(f"DROP TABLE {target}_orders")


def test_a_pipe_made_by_the_official_client(api, sql, postgres, database, users, tmp_path, penstock):
    service = penstock.credentials["serviceId"]
    mapping = f"public.users:{users['targetTable']}"
    created = clickhousectl(
        api, tmp_path, "clickpipe", "create", "postgres", "--name", "from cli", "--host", "127.0.0.1", "--port", str(postgres.port),
        "--pg-database", database, "--username", "postgres", "--password", PASSWORD, "--replication-mode", "cdc", "--table-mapping", mapping,
        "--disable-tls", service)
    pipe = created.get("result", created)["id"]
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], [(1, "Ann"), (2, "Bob")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_unchanged_large_values_are_never_lost(api, sql, postgres, database):
    target = random_name("toast_")
    postgres.sql("""CREATE TABLE toast (id int PRIMARY KEY, name text, big text);
ALTER TABLE toast ALTER big SET STORAGE EXTERNAL;
INSERT INTO toast SELECT n, 'a', repeat(md5(n::text), 1000) FROM generate_series(1, 50) n""", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "toast", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [mapping]))
    api.wait_state(pipe, "Running")
    postgres.sql("UPDATE toast SET name = 'b'; UPDATE toast SET id = 100 WHERE id = 50", database)
    changed = f"SELECT count() FROM {target} FINAL WHERE name = 'b' AND _peerdb_is_deleted = 0 AND id IN (SELECT number + 1 FROM numbers(49)) OR id = 100"
    wait_until(lambda: sql.value(changed) == 50, 60, "the updates")
    assert sql.value(
        f"SELECT count() FROM {target} FINAL WHERE _peerdb_is_deleted = 0 AND big = repeat(lower(hex(MD5(toString(if(id = 100, 50, id))))), 1000)") == 50
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_partitioned_tables_and_large_transactions(api, sql, postgres, database):
    target = random_name("parts_")
    postgres.sql("""CREATE TABLE parts (id int, day date, name text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
INSERT INTO parts SELECT n, '2024-01-01'::date + n % 360, 'n' || n FROM generate_series(1, 20000) n""", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "parts", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(
        postgres, database, [mapping], settings={"snapshotNumRowsPerPartition": 1000, "pullBatchSize": 5000}))
    api.wait_state(pipe, "Running")
    postgres.sql("CREATE TABLE parts_c PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')", database)
    # Larger than logical_decoding_work_mem, so that the server streams it before it commits; a part is rolled back.
    postgres.sql("""SET logical_decoding_work_mem = '64kB'; BEGIN;
INSERT INTO parts SELECT n, '2025-01-01', repeat('x', 500) FROM generate_series(100001, 160000) n; SAVEPOINT s;
INSERT INTO parts SELECT n, '2025-01-01', 'gone' FROM generate_series(200001, 260000) n; ROLLBACK TO s;
UPDATE parts SET name = 'new' WHERE id <= 10000; DELETE FROM parts WHERE id BETWEEN 10001 AND 11000; COMMIT""", database)
    count = f"SELECT count() FROM {target} FINAL WHERE _peerdb_is_deleted = 0"
    wait_until(lambda: sql.value(count) == 79000, 120, "the transaction")
    source = postgres.sql("SELECT count(*), sum(id), sum(length(name)), count(*) FILTER (WHERE name = 'new') FROM parts", database)
    mine = sql.text(f"SELECT count(), sum(id), sum(length(name)), countIf(name = 'new') FROM {target} FINAL WHERE _peerdb_is_deleted = 0")
    assert mine.split() == source.split()
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_a_snapshot_alone_completes(api, sql, postgres, database, users):
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users], settings={"replicationMode": "snapshot"}))
    api.wait_state(pipe, "Completed")
    assert live(sql, users["targetTable"]) == [(1, "Ann"), (2, "Bob")]
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_changes_alone_from_a_slot_of_the_user(api, sql, postgres, database, users):
    slot = random_name("slot_")
    postgres.sql(f"CREATE PUBLICATION mine FOR ALL TABLES; SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", database)
    postgres.sql("INSERT INTO users VALUES (3, 'Cid')", database)
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users], settings={
        "replicationMode": "cdc_only", "replicationSlotName": slot, "publicationName": "mine"}))
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], [(3, "Cid")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    # What the user made stays.
    assert slot in slots(postgres)
    assert postgres.sql("SELECT count(*) FROM pg_publication", database) == "1"
    postgres.sql(f"SELECT pg_drop_replication_slot('{slot}')", database)


def test_a_slot_that_is_gone_is_said_and_a_resync_recovers(api, sql, postgres, database, users):
    before = slots(postgres)
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users]))
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], [(1, "Ann"), (2, "Bob")])
    api.command(pipe, "stop")
    api.wait_state(pipe, "Paused")
    (slot,) = slots(postgres) - before
    postgres.sql(f"SELECT pg_drop_replication_slot('{slot}'); INSERT INTO users VALUES (3, 'Cid')", database)
    api.command(pipe, "start")
    failed = api.wait_state(pipe, "Failed")
    assert f'replication slot "{slot}" does not exist' in json.dumps(failed).replace('\\"', '"')
    api.command(pipe, "resync").result
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], [(1, "Ann"), (2, "Bob"), (3, "Cid")])
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


@pytest.mark.parametrize("prepare,change,words", [
    ("", {"password": "wrong"}, "password authentication failed"),
    ("", {"database": "nowhere"}, "does not exist"),
    ("", {"host": "no-such-host.invalid"}, "could not translate host name"),
    ("", {"port": 1}, "Connection refused"),
    ("", {"disableTls": False}, "does not support SSL"),
    ("", {"tables": ["absent"]}, "source tables do not exist: public.absent"),
    ("CREATE TABLE keyless (id int)", {"tables": ["keyless"]}, "has no primary keys and does not have REPLICA IDENTITY FULL"),
    ("ALTER TABLE users REPLICA IDENTITY NOTHING", {}, "replica identity 'n'/NOTHING"),
    ("", {"settings": {"publicationName": "absent"}}, "publication 'absent' does not exist"),
    ("CREATE PUBLICATION other", {"settings": {"publicationName": "other"}}, "tables not in publication"),
    ("", {"settings": {"replicationMode": "cdc_only", "replicationSlotName": "absent"}}, "replication slot 'absent' does not exist"),
    ("CREATE ROLE weak LOGIN PASSWORD 'weak'; GRANT SELECT ON users TO weak", {"username": "weak", "password": "weak"}, "REPLICATION"),
    ("CREATE ROLE blind LOGIN REPLICATION PASSWORD 'blind'", {"username": "blind", "password": "blind"}, "failed to select from table public.users"),
])
def test_what_cannot_work_is_refused_with_a_reason(api, postgres, database, users, prepare, change, words):
    if prepare:
        postgres.sql(prepare.replace("weak", f"weak_{database}").replace("blind", f"blind_{database}") if "ROLE" in prepare else prepare, database)
    body = postgres_pipe(postgres, database, change.get("tables", [users]), settings=change.get("settings"))
    source = body["source"]["postgres"]
    for field in ("host", "port", "database", "disableTls"):
        source[field] = change.get(field, source[field])
    for field in ("username", "password"):
        value = change.get(field, source["credentials"][field])
        source["credentials"][field] = f"{value}_{database}" if value in ("weak", "blind") else value
    answer = api.curl("POST", api.pipes, body)
    assert answer.status == 400 and words in answer.error, answer.text
    assert PASSWORD not in answer.text
    for role in ("weak", "blind"):
        if role in prepare:
            postgres.sql(f"DROP OWNED BY {role}_{database}; DROP ROLE {role}_{database}", database)


def test_a_server_without_logical_decoding_is_refused(api, tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("replica"), settings="wal_level = replica")
    server.sql("CREATE TABLE users (id int PRIMARY KEY)")
    answer = api.curl("POST", api.pipes, postgres_pipe(server, "postgres", ["users"]))
    assert answer.status == 400 and "wal_level is not logical" in answer.error
    server.stop()


def test_tls_with_an_authority_of_its_own(api, sql, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    authority, certificate, key = own_certificate(directory, "db.example.com")
    server = Postgres(directory / "server", settings=f"""wal_level = logical
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{key}'""")
    server.sql("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann')")
    target = random_name("tls_")
    mapping = {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": target}

    def refused(**source):
        answer = api.curl("POST", api.pipes, postgres_pipe(server, "postgres", [mapping], source={"disableTls": False, **source}))
        assert answer.status == 400, answer.text
        return answer.error

    assert "certificate verify failed" in refused()
    assert "caCertificate" in refused()
    # The certificate carries another name than the host.
    assert "does not match host name" in refused(caCertificate=authority) and "tlsHost" in refused(caCertificate=authority)
    for source in ({"caCertificate": authority, "tlsHost": "db.example.com"}, {"skipCertVerification": True}):
        pipe = api.create_pipe(postgres_pipe(server, "postgres", [mapping], source={"disableTls": False, **source}))
        api.wait_state(pipe, "Running")
        holds(sql, target, [(1, "Ann")])
        used = server.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'penstock'")
        assert used == "t"
        api.curl("DELETE", f"{api.pipes}/{pipe}").result
        sql.text(f"DROP TABLE {target}")
    server.stop()


def own_certificate(directory, name):
    """An authority (PEM text), and files of a certificate that it signed, readable for Postgres."""
    import os
    import shutil
    import subprocess

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=directory)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=own authority", "-out", "ca.pem", "-keyout", "ca.key")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-out", "server.csr", "-keyout", "server.key")
    (directory / "names").write_text(f"subjectAltName=DNS:{name}")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
            "-out", "server.pem")
    for file in ("server.key", "server.pem"):
        if os.geteuid() == 0:
            shutil.chown(directory / file, "postgres", "postgres")
        (directory / file).chmod(0o600)
    if os.geteuid() == 0:
        directory.chmod(0o755)
    return (directory / "ca.pem").read_text(), directory / "server.pem", directory / "server.key"


def test_one_table_is_loaded_anew_while_the_others_go_on(api, sql, postgres, database, users):
    postgres.sql("CREATE TABLE orders (id int PRIMARY KEY, name text); INSERT INTO orders VALUES (1, 'book')", database)
    orders = {**users, "sourceTable": "orders", "targetTable": users["targetTable"] + "_orders"}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [users, orders]))
    api.wait_state(pipe, "Running")
    holds(sql, users["targetTable"], [(1, "Ann"), (2, "Bob")])
    holds(sql, orders["targetTable"], [(1, "book")])
    for table in (users["targetTable"], orders["targetTable"]):
        sql.text(f"INSERT INTO {table} (id, name, _peerdb_version) VALUES (99, 'ghost', 1)")
    api.curl("PATCH", f"{api.pipes}/{pipe}/state", {"command": "resync", "tables": [orders["targetTable"]]}).result
    postgres.sql("INSERT INTO orders VALUES (2, 'pen'); INSERT INTO users VALUES (3, 'Cid')", database)
    holds(sql, orders["targetTable"], [(1, "book"), (2, "pen")])
    holds(sql, users["targetTable"], [(1, "Ann"), (2, "Bob"), (3, "Cid"), (99, "ghost")])
    wait_until(lambda: {table["state"] for table in listed(api, pipe)} == {"Streaming"}, 30, "both tables to be streamed")
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {orders['targetTable']}")


def listed(api, pipe):
    result = api.get(f"{api.pipes}/{pipe}/tables").result
    return result if isinstance(result, list) else result["tables"]


def test_wider_types_and_a_dropped_column(api, sql, postgres, database):
    target = random_name("wide_")
    postgres.sql("CREATE TABLE wide (id int PRIMARY KEY, name text, a smallint, n numeric(6,2), gone text); INSERT INTO wide VALUES (1, 'x', 1, 1.5, 'g')", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "wide", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [mapping]))
    api.wait_state(pipe, "Running")
    holds(sql, target, [(1, "x")])
    postgres.sql("""INSERT INTO wide VALUES (2, 'y', 2, 2.5, 'g');
ALTER TABLE wide ALTER a TYPE bigint, ALTER n TYPE numeric(20,4), DROP COLUMN gone; INSERT INTO wide VALUES (3, 'z', 5000000000, 12345678.1234)""", database)
    holds(sql, target, [(1, "x"), (2, "y"), (3, "z")])
    assert sql.value(f"SELECT groupArray((a, toString(n), gone)) FROM (SELECT * FROM {target} FINAL ORDER BY id)") == [
        [1, "1.5", "g"], [2, "2.5", "g"], [5000000000, "12345678.1234", ""]]
    assert sql.value(f"SELECT type FROM system.columns WHERE table = '{target}' AND name = 'n'") == "Decimal(20, 4)"
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {target}")
