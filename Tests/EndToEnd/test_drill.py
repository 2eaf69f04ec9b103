"""Crash drills: kill -9 at random moments, then compare source and destination value by value."""

import os
import random
import signal
import threading

import pytest

from api import API, SQL
from files import CHECKSUM, FORMATS, encode, expected_checksum, extension, s3_pipe
from servers import Penstock, wait_until

# JSONAsObject has one JSON column and so a checksum of its own; the seven others share COLUMNS and one drill each.
ROW_FORMATS = [f for f in FORMATS if f != "JSONAsObject"]


@pytest.mark.drill
def test_200_files_of_all_formats_survive_kills(tmp_path, moto, bucket, rounds):
    """Continuous pipes, files arriving meanwhile; Penstock and ClickHouse are killed at random moments."""
    penstock_kills, clickhouse_kills = rounds(4, 25), rounds(1, 5)
    files, rows_per_file = rounds(48, 200), rounds(1000, 10_000)
    seed = int(os.environ.get("PENSTOCK_DRILL_SEED", random.randrange(1 << 30)))
    print(f"\ndrill: seed {seed}, {files} files of {rows_per_file} rows, {penstock_kills} kills of penstock, {clickhouse_kills} of ClickHouse")
    chance = random.Random(seed)
    s3 = moto.client("s3")
    placed = {format: 0 for format in FORMATS}

    def put(number: int):
        """File `number` goes to its format's folder; keys of one folder grow, as lexicographic order demands."""
        format = FORMATS[number % len(FORMATS)]
        s3.put_object(Bucket=bucket, Key=f"{format}/{placed[format]:05}.{extension(format)}",
                      Body=encode(format, placed[format] * rows_per_file, rows_per_file))
        placed[format] += 1

    for number in range(files // 2):
        put(number)
    program = Penstock(tmp_path / "data")
    api = API(program)
    peak = 0
    pipes = {}
    for format in FORMATS:
        options = {"columns": [{"name": "doc", "type": "JSON"}]} if format == "JSONAsObject" else {}
        body = s3_pipe(moto, bucket, f"{format}/*", f"drill_{format}", format, source={"isContinuous": True}, settings={
            "object_storage_polling_interval_ms": 200, "object_storage_max_file_count": 3}, **options)
        if format == "CSV":
            body["destination"]["tableDefinition"]["partitionBy"] = "intDiv(id, 5000)"
        pipes[format] = api.create_pipe(body)

    stop_feeding = threading.Event()
    fed = []

    def feed():
        for number in range(files // 2, files):
            put(number)
            fed.append(number)
            stop_feeding.wait(chance.uniform(0.01, 0.25))

    feeder = threading.Thread(target=feed)
    feeder.start()
    victims = ["penstock"] * penstock_kills + ["clickhouse"] * clickhouse_kills
    chance.shuffle(victims)
    pause = threading.Event()
    for victim in victims:
        pause.wait(chance.uniform(0.05, 2.5))
        peak = max(peak, program.peak_kib())
        if victim == "penstock":
            program.kill()
            program = Penstock(tmp_path / "data")
            api = API(program)
        else:
            server = program.clickhouse_pid()
            if server:
                os.kill(server, signal.SIGKILL)
    feeder.join()
    sql = SQL(program.credentials["clickhouseURL"])

    def count(format):
        try:
            return sql.value(f"SELECT count() FROM drill_{format}")
        except (AssertionError, OSError):
            return -1

    for format in FORMATS:
        expected = placed[format] * rows_per_file
        wait_until(lambda: count(format) >= expected, 300, f"{expected} rows of {format}, there are {count(format)}; {api.pipe(pipes[format])}")
    for format in ROW_FORMATS:
        assert sql.rows(f"SELECT {CHECKSUM} FROM drill_{format}")[0] == sql.rows(expected_checksum(0, placed[format] * rows_per_file))[0], format
    expected = placed["JSONAsObject"] * rows_per_file
    documents = sql.rows("SELECT count() AS n, uniqExact(doc.id.:Int64) AS ids, sum(cityHash64(doc.name.:String)) AS names FROM drill_JSONAsObject")[0]
    names = sql.value(f"SELECT sum(cityHash64(name)) FROM ({source_rows(expected)})")
    assert documents == {"n": expected, "ids": expected, "names": names}
    left = sql.rows("SELECT name FROM system.tables WHERE name LIKE '%\\_clickpipes\\_stage%'")
    errors = sql.rows("SELECT name FROM system.tables WHERE name LIKE '%\\_clickpipes\\_error'")
    assert all(sql.value(f"SELECT count() FROM {e['name']}") == 0 for e in errors)
    peak = max(peak, program.peak_kib())
    print(f"drill: {files} files, {files * rows_per_file} rows equal once; staging tables left {len(left)}; peak memory {peak // 1024} MiB")
    assert not left
    assert peak < 128 * 1024
    program.stop()


def source_rows(count):
    from files import SOURCE_SQL

    return SOURCE_SQL % (0, count)
