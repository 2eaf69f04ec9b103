"""What the program may use, and how it lets go: memory, idle CPU, stopping and deleting while pipes load."""

import os
import pathlib
import signal
import time

from api import API, SQL
from files import CHECKSUM, encode, expected_checksum, s3_pipe
from listing import EndlessBucket
from servers import Penstock, wait_until

ID = [{"name": "id", "type": "UInt64"}]
CONTINUOUS = {"source": {"isContinuous": True}}


def staging(sql) -> list:
    return sql.rows("SELECT database, name FROM system.tables WHERE name LIKE '%\\_clickpipes\\_stage%'")


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_50_000_keys_fit_in_little_memory(tmp_path):
    bucket = EndlessBucket(count=50_000, every=500)
    program = Penstock(tmp_path / "data")
    try:
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
        began = time.monotonic()
        pipe = api.create_pipe(s3_pipe(bucket, "bkt", "k/*.json", "t", columns=ID, **CONTINUOUS))
        wait_until(lambda: api.pipe(pipe)["state"] == "Running", 60, "Running")
        wait_until(lambda: sql.count("t") == 100, 240, "all rows")

        def files(offset: int):
            return api.get(f"{api.pipes}/{pipe}/files?limit=1&offset={offset}").result

        wait_until(lambda: files(49_999), 60, "all files to be archived")
        assert not files(50_000)
        assert sql.value("SELECT sum(id) FROM t") == sum(range(0, 50_000, 500))
        print(f"\n50,000 keys in {time.monotonic() - began:.1f} s, peak memory {program.peak_kib() // 1024} MiB")
        assert program.peak_kib() < 128 * 1024
    finally:
        program.stop()
        bucket.stop()


def test_idle_pipes_use_no_cpu(tmp_path, moto, bucket):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
    program = Penstock(tmp_path / "data")
    try:
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
        pipes = [api.create_pipe(s3_pipe(moto, bucket, "*.json", f"t{n}", settings={
            "object_storage_polling_interval_ms": 30_000}, **CONTINUOUS)) for n in range(20)]
        for number, pipe in enumerate(pipes):
            wait_until(lambda: api.pipe(pipe)["state"] == "Running", 60, "Running")
            wait_until(lambda: sql.count(f"t{number}") == 10, 60, "its rows")
        time.sleep(2)
        before = cpu_seconds(program.pid)
        time.sleep(10)
        used = cpu_seconds(program.pid) - before
        print(f"\n20 idle pipes: {used * 1000:.0f} ms of CPU in 10 s, {program.resident_kib() // 1024} MiB")
        assert used < 0.5
    finally:
        program.stop()


def big_files(moto, bucket, count: int = 12, rows: int = 20_000):
    for part in range(count):
        moto.client("s3").put_object(Bucket=bucket, Key=f"b/{part:03}.json", Body=encode("JSONEachRow", part * rows, rows))
    return count * rows


def test_sigterm_while_loading_is_quick_and_clean(tmp_path, moto, bucket):
    total = big_files(moto, bucket)
    program = Penstock(tmp_path / "data")
    api, sql = API(program), SQL(program.credentials["clickhouseURL"])
    pipes = [api.create_pipe(s3_pipe(moto, bucket, "b/*.json", f"t{n}", settings={
        "object_storage_max_file_count": 2, "object_storage_concurrency": 2})) for n in range(3)]
    wait_until(lambda: len({t["name"][:2] for t in staging(sql)}) == 3, 60, "three pipes to load", interval=0.01)
    began = time.monotonic()
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(30) == 0, program.output()[-2000:]
    took = time.monotonic() - began
    print(f"\nstopped in {took:.2f} s")
    assert took < 5
    program = Penstock(tmp_path / "data")
    try:
        api, sql = API(program), SQL(program.credentials["clickhouseURL"])
        for number, pipe in enumerate(pipes):
            api.wait_state(pipe, "Completed")
            assert sql.rows(f"SELECT {CHECKSUM} FROM t{number}")[0] == sql.rows(expected_checksum(0, total))[0]
        assert not staging(sql)
    finally:
        program.stop()


def test_deleting_while_loading_leaves_whole_batches_and_no_staging(penstock, api, sql, moto, bucket, table):
    big_files(moto, bucket)
    for attempt in range(4):
        pipe = api.create_pipe(s3_pipe(moto, bucket, "b/*.json", table, settings={"object_storage_max_file_count": 3}))
        wait_until(lambda: [t for t in staging(sql) if table in t["name"]], 60, "the pipe to load", interval=0.005)
        time.sleep(attempt * 0.1)
        api.curl("DELETE", f"{api.pipes}/{pipe}").result
        assert not [t for t in staging(sql) if table in t["name"]]
        rows = sql.value(f"SELECT count() FROM {table}")
        assert rows % 60_000 == 0, f"{rows} rows are not whole batches"
        time.sleep(0.5)
        assert sql.value(f"SELECT count() FROM {table}") == rows, "nothing arrives after the answer"
        assert not [t for t in staging(sql) if table in t["name"]]
        sql.text(f"DROP TABLE {table} SYNC")
