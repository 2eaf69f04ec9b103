"""Servers that go away: a pipe says what it waits for, gives up in time, and goes on exactly where it was."""

import json

import pytest

from api import API, SQL
from files import CHECKSUM, encode, expected_checksum, s3_pipe
from servers import ClickHouse, Gate, Penstock, wait_until

CONTINUOUS = {"source": {"isContinuous": True}, "settings": {"object_storage_polling_interval_ms": 100}}


def serve(tmp_path, source: int = 2, destination: int = 3, services=()) -> Penstock:
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text(json.dumps({
        "pipes": {"sourcePatienceSeconds": source, "destinationPatienceSeconds": destination}, "services": list(services)}))
    return Penstock(tmp_path / "data", command=("serve", "--config", configuration))


def exact(sql, table, rows):
    """Waits for this many rows; the table may not be there yet."""
    wait_until(lambda: int(sql.value(f"SELECT sum(total_rows) FROM system.tables WHERE name = '{table}'") or 0) >= rows, 60, f"{rows} rows")
    assert sql.rows(f"SELECT {CHECKSUM} FROM {table}")[0] == sql.rows(expected_checksum(0, rows))[0]


def test_a_bucket_that_goes_away(tmp_path, moto, bucket):
    s3, gate = moto.client("s3"), Gate(moto.port)
    s3.put_object(Bucket=bucket, Key="1.json", Body=encode("JSONEachRow", 0, 100))
    program = serve(tmp_path)
    try:
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
        pipe = api.create_pipe(s3_pipe(gate, bucket, "*.json", "t", **CONTINUOUS))
        exact(sql, "t", 100)
        gate.close()
        waiting = wait_until(lambda: (p := api.pipe(pipe)).get("stateMessage") and p, 20, "a message")
        assert waiting["stateMessage"].startswith("retrying: ") and waiting["state"] == "Running", waiting
        failed = wait_until(lambda: (p := api.pipe(pipe))["state"] == "Failed" and p, 20, "Failed")
        assert "gave up after" in failed["stateMessage"] and "start the pipe again" in failed["stateMessage"]
        assert "refused" in failed["stateMessage"] and "source.objectStorage.url" in failed["stateMessage"]
        s3.put_object(Bucket=bucket, Key="2.json", Body=encode("JSONEachRow", 100, 100))
        gate.open()
        api.command(pipe, "start").result
        exact(sql, "t", 200)
        assert not api.pipe(pipe).get("stateMessage")
    finally:
        program.stop()
        gate.close()


def test_a_short_absence_of_the_bucket_needs_nobody(tmp_path, moto, bucket):
    s3, gate = moto.client("s3"), Gate(moto.port)
    s3.put_object(Bucket=bucket, Key="1.json", Body=encode("JSONEachRow", 0, 100))
    program = serve(tmp_path, source=120)
    try:
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
        pipe = api.create_pipe(s3_pipe(gate, bucket, "*.json", "t", **CONTINUOUS))
        exact(sql, "t", 100)
        gate.close()
        wait_until(lambda: "retrying" in (api.pipe(pipe).get("stateMessage") or ""), 20, "retrying")
        s3.put_object(Bucket=bucket, Key="2.json", Body=encode("JSONEachRow", 100, 100))
        gate.open()
        exact(sql, "t", 200)
        wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 20, "the message to go")
        assert api.pipe(pipe)["state"] == "Running"
    finally:
        program.stop()
        gate.close()


@pytest.mark.parametrize("patience", [3, 300])
def test_a_clickhouse_that_goes_away(tmp_path, moto, bucket, patience):
    """With little patience the pipe fails and is started again; with more it recovers by itself."""
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="1.json", Body=encode("JSONEachRow", 0, 100))
    remote = ClickHouse(tmp_path / "remote")
    program = serve(tmp_path, destination=patience, services=[{"name": "remote", "url": remote.url}])
    try:
        api, sql = API(program), SQL(remote.url)
        services = {s["name"]: s["id"] for s in api.get(f"{api.organization}/services").result}
        api.pipes = f"{api.organization}/services/{services['remote']}/clickpipes"
        pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", "t", **CONTINUOUS))
        exact(sql, "t", 100)
        remote.kill()
        s3.put_object(Bucket=bucket, Key="2.json", Body=encode("JSONEachRow", 100, 100))
        wait_until(lambda: "retrying" in (api.pipe(pipe).get("stateMessage") or ""), 30, "retrying")
        if patience == 3:
            failed = wait_until(lambda: (p := api.pipe(pipe))["state"] == "Failed" and p, 30, "Failed")
            assert "gave up after" in failed["stateMessage"] and "start the pipe again" in failed["stateMessage"]
        remote.restart()
        if patience == 3:
            api.command(pipe, "start").result
        s3.put_object(Bucket=bucket, Key="3.json", Body=encode("JSONEachRow", 200, 100))
        exact(sql, "t", 300)
        wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 30, "the message to go")
        left = sql.value("SELECT count() FROM system.tables WHERE name LIKE '%\\_clickpipes\\_stage%'")
        assert left == 0
    finally:
        program.stop()
        remote.stop()
