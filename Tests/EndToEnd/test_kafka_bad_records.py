"""Bad records in a stream: every good row arrives once, every bad one is in the error table with its offset."""

import json
import random

from kafka import kafka_pipe, message
from servers import wait_until
from test_kafka import rows

BAD = {
    "not JSON": lambda number: b"this is no JSON " + str(number).encode(),
    "cut off": lambda number: message(number)[:-9],
    "wrong type": lambda number: json.dumps({"id": "seven", "message": "x", "timestamp": 1}).encode(),
    "out of range": lambda number: json.dumps({"id": -1, "message": "x", "timestamp": "not a time"}).encode(),
    "two in one": lambda number: message(number) + message(number),
}


def test_one_percent_of_five_kinds(api, sql, broker, topic, table):
    count = 20_000
    chance = random.Random(20261121)
    bad_numbers = set(chance.sample(range(count), count // 100))
    kinds = list(BAD)
    sent = [BAD[kinds[number % len(kinds)]](number) if number in bad_numbers else message(number) for number in range(count)]
    # Neighbours must not be taken for one row.
    sent[10], sent[11] = b'{"id":', b'{"b":1}}'
    bad_numbers |= {10, 11}
    broker.create_topic(topic, 4)
    by_partition = {}
    for number, value in enumerate(sent):
        by_partition.setdefault(number % 4, []).append((number, value))
    for partition, messages in by_partition.items():
        broker.produce(topic, [value for _, value in messages], partition=partition)
    expected = {(partition, offset): value for partition, messages in by_partition.items()
                for offset, (number, value) in enumerate(messages) if number in bad_numbers}
    api.create_pipe(kafka_pipe(broker, topic, table, source={"exactlyOnce": True}))
    rows(sql, table, count - len(bad_numbers), timeout=120)
    assert sql.value(f"SELECT uniqExact(id) FROM {table}") == count - len(bad_numbers)
    assert sql.value(f"SELECT sum(id) FROM {table}") == sum(range(count)) - sum(bad_numbers)
    errors = f"{table}_clickpipes_error"
    wait_until(lambda: sql.count(errors) >= len(expected), 30, "the error rows")
    found = sql.rows(
        f"SELECT toUInt32(locator['partition']) AS partition, toUInt64(locator['offset']) AS offset, locator['topic'] AS topic, raw_message, "
        f"error_code, error FROM {errors}")
    assert {(row["partition"], row["offset"]): row["raw_message"].encode() for row in found} == expected
    assert len(found) == len(expected) and {row["topic"] for row in found} == {topic}
    assert {row["error_code"] for row in found} <= {"DATA_PARSING_ERROR", "TYPE_MISMATCH"} and all(row["error"] for row in found)


def test_only_bad_records(api, sql, broker, topic, table):
    broker.create_topic(topic)
    broker.produce(topic, [json.dumps({"id": "x"}) for _ in range(500)])
    pipe = api.create_pipe(kafka_pipe(broker, topic, table))
    errors = f"{table}_clickpipes_error"
    wait_until(lambda: sql.count(errors) == 500, 60, "500 error rows")
    broker.produce(topic, [message(1)])
    rows(sql, table, 1)
    assert api.pipe(pipe)["state"] == "Running"


def test_a_message_over_the_limit_is_named(api, sql, broker, topic, table):
    """16 MB on the smallest replica (streaming.md 2.5); compressed, so that the broker takes it."""
    import gzip

    broker.create_topic(topic)
    huge = gzip.compress(json.dumps({"id": 1, "message": "x" * (17 << 20)}).encode())
    broker.produce(topic, [huge, gzip.compress(message(2)), message(3)])
    api.create_pipe(kafka_pipe(broker, topic, table))
    rows(sql, table, 2)
    row = wait_until(lambda: sql.value(f"EXISTS TABLE {table}_clickpipes_error") and sql.rows(
        f"SELECT error_code, error, locator FROM {table}_clickpipes_error"), 30, "the error row")[0]
    assert row["error_code"] == "MESSAGE_TOO_LARGE" and "16" in row["error"] and row["locator"]["offset"] == "0"


def test_errors_are_replayed_after_a_fix(api, sql, broker, topic, table):
    """The table's column is widened; the rows that failed go in, once."""
    broker.create_topic(topic)
    broker.produce(topic, [json.dumps({"id": 1, "value": 5}), json.dumps({"id": 2, "value": 300}), b"no JSON"])
    sql.text(f"CREATE TABLE {table} (id UInt64, value Enum8('five' = 5)) ORDER BY id")
    columns = [{"name": "id", "type": "UInt64"}, {"name": "value", "type": "Enum8('five' = 5)"}]
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, columns=columns, destination={"managedTable": False, "tableDefinition": None}))
    rows(sql, table, 1)
    wait_until(lambda: len(api.get(f"{api.pipes}/{pipe}/errors").result) == 2, 30, "two errors")
    api.command(pipe, "stop")
    api.wait_state(pipe, "Stopped")
    sql.text(f"ALTER TABLE {table} MODIFY COLUMN value Enum16('five' = 5, 'many' = 300)")
    columns[1]["type"] = "Enum16('five' = 5, 'many' = 300)"
    assert api.curl("PATCH", f"{api.pipes}/{pipe}", {"destination": {"columns": columns}}).status == 200
    done = api.curl("POST", f"{api.pipes}/{pipe}/errors/replay", {}).result
    assert (done["replayed"], done["failed"]) == (1, 1)
    assert sql.rows(f"SELECT id, toInt32(value) AS v FROM {table} ORDER BY id") == [{"id": 1, "v": 5}, {"id": 2, "v": 300}]
    again = api.curl("POST", f"{api.pipes}/{pipe}/errors/replay", {}).result
    assert again["replayed"] == 0 and sql.value(f"SELECT count() FROM {table}") == 2


def test_rewind_reads_again(api, sql, broker, topic, table):
    """On purpose, so even exactly-once reads what it has read."""
    broker.create_topic(topic)
    broker.produce(topic, [message(number) for number in range(10)])
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, source={"exactlyOnce": True}))
    rows(sql, table, 10)
    assert api.curl("POST", f"{api.pipes}/{pipe}/rewind", {"to": "beginning"}).status == 400
    api.command(pipe, "stop")
    api.wait_state(pipe, "Stopped")
    assert api.curl("POST", f"{api.pipes}/{pipe}/rewind", {"to": {"offsets": {topic: {"0": 6}}}}).status == 200
    api.command(pipe, "start")
    rows(sql, table, 14)
    assert sql.value(f"SELECT countIf(n = 2) FROM (SELECT id, count() AS n FROM {table} GROUP BY id)") == 4
