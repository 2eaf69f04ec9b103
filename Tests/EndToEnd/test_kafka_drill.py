"""The Kafka drill: kill -9, rebalances and a dying ClickHouse while millions of messages arrive."""

import json
import os
import random
import signal
import threading

import pytest

from api import API, SQL
from kafka import Broker, kafka_pipe
from servers import Penstock, random_name, wait_until

COLUMNS = [
    {"name": name, "type": type} for name, type in [
        ("id", "UInt64"), ("user", "UInt32"), ("name", "String"), ("price", "Float64"), ("ok", "Bool"), ("at", "DateTime64(3)"),
        ("tags", "Array(String)"), ("city", "String"), ("zip", "Nullable(UInt32)"), ("part", "Int32"), ("off", "Int64")]]
FIELDS = ["id", "user", "name", "price", "ok", "at", "tags", "address.city", "address.zip", "_partition", "_offset"]
MAPPINGS = [{"sourceField": field, "destinationField": column["name"]} for field, column in zip(FIELDS, COLUMNS)]
# The same rows, made by the server: what arrived must be equal in every column.
EXPECTED = """SELECT number AS id, toUInt32(number % 1000) AS user, 'name ' || toString(number) AS name, number / 4 AS price, number % 2 = 0 AS ok,
toDateTime64('2024-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(number % 86400) AS at, [toString(number % 7), 'x'] AS tags,
'city ' || toString(number % 100) AS city, if(number % 10 = 0, NULL, toUInt32(number % 99999)) AS zip FROM numbers({})"""
CHECKSUM = "count() AS n, sum(cityHash64(id, user, name, price, ok, toUnixTimestamp64Milli(at), tags, city, zip)) AS sum, uniqExact(id) AS ids"


def record(number: int) -> bytes:
    seconds = number % 86400
    time = f"2024-01-01 {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"
    return json.dumps({
        "id": number, "user": number % 1000, "name": f"name {number}", "price": number / 4, "ok": number % 2 == 0, "at": time,
        "tags": [str(number % 7), "x"],
        "address": {"city": f"city {number % 100}", "zip": None if number % 10 == 0 else number % 99999}}).encode()


@pytest.mark.drill
@pytest.mark.parametrize("exactly_once", [True, False], ids=["exactly-once", "at-least-once"])
def test_millions_survive_kills_and_rebalances(exactly_once, tmp_path, rounds):
    from confluent_kafka import Consumer

    count, partitions = rounds(60_000, 2_000_000), rounds(16, 64)
    penstock_kills, clickhouse_kills = rounds(3, 30), rounds(1, 5)
    seed = int(os.environ.get("PENSTOCK_DRILL_SEED", random.randrange(1 << 30)))
    chance = random.Random(seed)
    broker = Broker(tmp_path / "broker")
    topic, table, group = random_name("drill-"), "drill", random_name("group-")
    broker.create_topic(topic, partitions)
    program = Penstock(tmp_path / "data")
    api = API(program)
    body = kafka_pipe(
        broker, topic, table, columns=COLUMNS, fieldMappings=MAPPINGS, source={"exactlyOnce": exactly_once, "consumerGroup": group},
        scaling={"replicas": 2, "replicaCpuMillicores": 500, "replicaMemoryGb": 1.0})
    pipe = api.create_pipe(body)

    fed = threading.Event()
    pause = threading.Event()

    def feed():
        step = max(1, count // 60)
        for first in range(0, count, step):
            broker.produce(topic, (
                {"value": record(number), "key": str(number % 5000).encode(), "partition": number % partitions}
                for number in range(first, min(first + step, count))))
            pause.wait(chance.uniform(0, 0.4))
        fed.set()

    feeder = threading.Thread(target=feed)
    feeder.start()
    rebalances = 0
    victims = ["penstock"] * penstock_kills + ["clickhouse"] * clickhouse_kills
    chance.shuffle(victims)
    for number, victim in enumerate(victims):
        pause.wait(chance.uniform(0.5, 6))
        if number % 6 == 2:
            # A stranger joins the group and leaves: every member's partitions move.
            stranger = Consumer({**broker.settings(), "group.id": group, "session.timeout.ms": 6000, "enable.auto.commit": False})
            stranger.subscribe([topic])
            stranger.poll(chance.uniform(1, 5))
            stranger.close()
            rebalances += 1
        if victim == "penstock":
            program.kill()
            program = Penstock(tmp_path / "data")
            api = API(program)
        elif server := program.clickhouse_pid():
            os.kill(server, signal.SIGKILL)
    feeder.join()
    assert fed.is_set()
    sql = SQL(program.credentials["clickhouseURL"])

    def distinct():
        try:
            return sql.value(f"SELECT uniqExact(part, off) FROM {table}")
        except (AssertionError, OSError):
            return -1

    wait_until(lambda: distinct() >= count, 600, f"{count} messages, there are {distinct()}; {api.pipe(pipe)}", interval=1)
    api.command(pipe, "stop")
    api.wait_state(pipe, "Stopped")
    found = sql.rows(f"SELECT {CHECKSUM} FROM (SELECT * FROM {table} LIMIT 1 BY part, off)", max_memory_usage=0)[0]
    assert found == sql.rows(f"SELECT {CHECKSUM} FROM ({EXPECTED.format(count)})")[0]
    doubles = sql.value(f"SELECT count() FROM {table}") - count
    mode = "exactly-once" if exactly_once else "at-least-once"
    print(
        f"\ndrill: kafka {mode}: {count} messages of {partitions} partitions, {penstock_kills} kills of penstock, {clickhouse_kills} of ClickHouse, "
        f"{rebalances} rebalances forced: lost 0, doubled {doubles} (seed {seed})")
    if exactly_once:
        assert doubles == 0
    program.stop()
    broker.stop()
