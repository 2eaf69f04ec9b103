"""Kafka pipes beside `curl` straight into ClickHouse and ClickHouse's own Kafka table engine: the same messages, in one run.

The broker is librdkafka's mock cluster. Joining a consumer group takes it three seconds whoever joins, so the clock of the engine starts when
it has its partitions, that of the pipe with its first INSERT, less the time that its rows took to come. Writes its table of docs/benchmarks.md.
"""

import argparse
import io
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

import page  # noqa: E402
from api import API, SQL  # noqa: E402
from kafka import MockCluster, Registry, kafka_pipe, produce  # noqa: E402
from servers import Penstock, wait_until  # noqa: E402

PARTITIONS = 64
COLUMNS = [
    {"name": name, "type": type} for name, type in [
        ("id", "UInt64"), ("user", "UInt32"), ("name", "String"), ("text", "String"), ("price", "Float64"), ("ok", "Bool"),
        ("at", "DateTime"), ("tags", "Array(String)"), ("city", "String"), ("count", "Int32")]]
STRUCTURE = ", ".join(f"{c['name']} {c['type']}" for c in COLUMNS)
TEXT = "the quick brown fox jumps over the lazy dog and runs away from it as fast as it can because dogs are quick too " * 4
AVRO = {"type": "record", "name": "event", "fields": [
    {"name": "id", "type": "long"}, {"name": "user", "type": "int"}, {"name": "name", "type": "string"}, {"name": "text", "type": "string"},
    {"name": "price", "type": "double"}, {"name": "ok", "type": "boolean"}, {"name": "at", "type": "long"},
    {"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "city", "type": "string"}, {"name": "count", "type": "int"}]}


def event(number: int) -> dict:
    return {
        "id": number, "user": number % 1000, "name": f"name {number}", "text": TEXT[number % 90:number % 90 + 400], "price": number / 4,
        "ok": number % 3 == 0, "at": 1_700_000_000 + number, "tags": ["a", f"tag {number % 10}"], "city": f"city {number % 100}",
        "count": number % 5000}


class Bench:
    def __init__(self, api, sql, cluster, directory):
        self.api, self.sql, self.cluster, self.directory = api, sql, cluster, directory

    def table(self, name):
        self.sql.text(f"DROP TABLE IF EXISTS {name} SYNC")
        self.sql.text(f"CREATE TABLE {name} ({STRUCTURE}) ENGINE = MergeTree ORDER BY tuple()")

    def curl(self, file, format) -> float:
        self.table("bench_curl")
        credentials = self.sql.headers
        started = time.monotonic()
        subprocess.run(
            ["curl", "-sS", "--fail-with-body", "--data-binary", f"@{file}", "-H", f"X-ClickHouse-User: {credentials['X-ClickHouse-User']}", "-H",
             f"X-ClickHouse-Key: {credentials['X-ClickHouse-Key']}", f"{self.sql.base}?query=INSERT%20INTO%20bench_curl%20FORMAT%20{format}"],
            check=True, capture_output=True)
        return time.monotonic() - started

    def _filled(self, table, rows, since, pattern) -> float:
        """Seconds from the first INSERT of `pattern` after `since` to the moment all rows are there."""
        # Asked seldom: ClickHouse's answers cost the same cores. What counts is the end of the last INSERT.
        wait_until(lambda: self.sql.value(f"SELECT count() FROM {table}") >= rows, 300, f"{rows} rows in {table}", interval=0.5)
        self.sql.text("SYSTEM FLUSH LOGS")
        (inserts,) = self.sql.rows(
            f"SELECT toFloat64(min(query_start_time_microseconds)) AS began, toFloat64(max(event_time_microseconds)) AS ended FROM system.query_log "
            f"WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND query LIKE '{pattern}' "
            f"AND query_start_time_microseconds >= toDateTime64({since:.6f}, 6)")
        assert self.sql.value(f"SELECT count() FROM {table}") == rows
        return inserts["ended"] - inserts["began"]

    def engine(self, topic, rows) -> float:
        """ClickHouse's own: the settings that were fastest of those tried (consumers 1 to 4, blocks of 65,536 to 1,048,576 rows)."""
        self.table("bench_engine")
        self.sql.text("DROP TABLE IF EXISTS bench_view SYNC")
        self.sql.text("DROP TABLE IF EXISTS bench_queue SYNC")
        self.sql.text(f"""CREATE TABLE bench_queue ({STRUCTURE}) ENGINE = Kafka SETTINGS kafka_broker_list = '{self.cluster.address}',
            kafka_topic_list = '{topic}', kafka_group_name = 'engine {time.time()}', kafka_format = 'JSONEachRow', kafka_num_consumers = 2,
            kafka_thread_per_consumer = 1, kafka_max_block_size = 1048576, kafka_poll_max_batch_size = 65536, kafka_flush_interval_ms = 1000""")
        self.sql.text("CREATE MATERIALIZED VIEW bench_view TO bench_engine AS SELECT * FROM bench_queue")
        wait_until(lambda: self.sql.value("SELECT count() FROM bench_engine") > 0, 60, "the engine's first rows", interval=0.02)
        wait_until(
            lambda: self.sql.value("SELECT count() FROM system.kafka_consumers WHERE notEmpty(assignments.partition_id)") > 0, 60,
            "the engine's place in the group", interval=0.02)
        first = time.monotonic()
        wait_until(lambda: self.sql.value("SELECT count() FROM bench_engine") >= rows, 300, "the engine's rows", interval=0.1)
        seconds = time.monotonic() - first
        self.sql.text("DROP TABLE bench_view SYNC")
        self.sql.text("DROP TABLE bench_queue SYNC")
        return seconds

    def pipe(self, topic, rows, format="JSONEachRow", source=None) -> float:
        self.table("bench_pipe")
        body = kafka_pipe(
            self.cluster, topic, "bench_pipe", format, columns=COLUMNS, source=source or {}, settings={"streaming_max_insert_wait_ms": 500},
            destination={"managedTable": False, "tableDefinition": None},
            scaling={"replicas": 1, "replicaCpuMillicores": 2000, "replicaMemoryGb": 1.0})
        since = time.time()
        pipe = self.api.create_pipe(body)
        seconds = self._filled("bench_pipe", rows, since, "INSERT INTO%bench_pipe%")
        self.api.curl("DELETE", f"{self.api.pipes}/{pipe}").result
        return seconds

    def same(self, table):
        one, other = (f"(SELECT (count(), sum(cityHash64(*))) FROM {name})" for name in ("bench_curl", table))
        assert self.sql.value(f"SELECT {one} = {other}"), f"{table} differs"

    def latency(self, messages: int) -> tuple[float, float]:
        """Seconds from `produce` to visible, p50 and p99, one message at a time, at a wait of 500 ms."""
        from confluent_kafka import Producer

        self.table("bench_latency")
        self.cluster.create_topic("latency", 4)
        body = kafka_pipe(
            self.cluster, "latency", "bench_latency", columns=COLUMNS, destination={"managedTable": False, "tableDefinition": None})
        pipe = self.api.create_pipe(body)
        producer = Producer({**self.cluster.settings(), "linger.ms": 0})
        taken = []
        for number in range(messages + 1):
            started = time.monotonic()
            producer.produce("latency", json.dumps(event(number)).encode())
            producer.flush(10)
            wait_until(lambda: self.sql.value("SELECT count() FROM bench_latency") > number, 60, "the message", interval=0.005)
            taken.append(time.monotonic() - started)
        self.api.curl("DELETE", f"{self.api.pipes}/{pipe}").result
        taken = sorted(taken[1:])
        return statistics.median(taken), taken[int(len(taken) * 0.99) - 1]


def avro(bench, rows, repeat):
    """AvroConfluent: the registry gives the schema; directly, one object container file of the same rows."""
    import fastavro

    registry = Registry(bench.directory)
    number = registry.register("avro-value", AVRO)
    schema = fastavro.parse_schema(AVRO)
    file = bench.directory / "rows.avro"
    with open(file, "wb") as out:
        fastavro.writer(out, schema, (event(n) for n in range(rows)), codec="null", sync_interval=1 << 20)

    def message(n):
        body = io.BytesIO()
        body.write(b"\0" + number.to_bytes(4, "big"))
        fastavro.schemaless_writer(body, schema, event(n))
        return body.getvalue()

    bench.cluster.create_topic("avro", PARTITIONS)
    produce(bench.cluster.settings(), "avro", ({"value": message(n), "partition": n % PARTITIONS} for n in range(rows)))
    theirs, ours = [], []
    for _ in range(repeat):
        theirs.append(bench.curl(file, "Avro"))
        ours.append(bench.pipe("avro", rows, "AvroConfluent", {"schemaRegistry": {"url": registry.url}}))
    bench.same("bench_pipe")
    registry.stop()
    return file.stat().st_size, statistics.median(theirs), statistics.median(ours)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--penstock", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--rows", type=int, default=400_000)
    arguments.add_argument("--skip", nargs="*", default=[])
    options = arguments.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as name:
        directory = pathlib.Path(name)
        file = directory / "rows.json"
        with open(file, "wb") as out:
            for number in range(options.rows):
                out.write(json.dumps(event(number)).encode() + b"\n")
        size = file.stat().st_size
        cluster = MockCluster(directory)
        penstock = Penstock(directory / "data", binary=options.penstock)
        try:
            bench = Bench(API(penstock), SQL(penstock.credentials["clickhouseURL"]), cluster, directory)
            cluster.create_topic("events", PARTITIONS)
            with open(file, "rb") as source:
                produce(cluster.settings(), "events", ({"value": line[:-1], "partition": n % PARTITIONS} for n, line in enumerate(source)))
            curl, engine, pipe = [], [], []
            for _ in range(options.repeat):
                curl.append(bench.curl(file, "JSONEachRow"))
                pipe.append(bench.pipe("events", options.rows))
                bench.same("bench_pipe")
                if "engine" not in options.skip:
                    engine.append(bench.engine("events", options.rows))
                    bench.same("bench_engine")
                print("curl", curl[-1], "pipe", pipe[-1], "engine", engine[-1:], flush=True)
            a, c = statistics.median(curl), statistics.median(pipe)
            lines.append(f"| JSONEachRow, {options.rows:,} messages, {size / 1e6:,.0f} MB | {size / 1e6 / a:,.0f} MB/s | {size / 1e6 / c:,.0f} MB/s | {a / c:.2f} |")
            if engine:
                b = statistics.median(engine)
                lines.append(f"| the same by ClickHouse's Kafka engine | {size / 1e6 / b:,.0f} MB/s | {size / 1e6 / c:,.0f} MB/s | {b / c:.1f} |")
            if "avro" not in options.skip:
                size, a, c = avro(bench, options.rows, options.repeat)
                lines.append(f"| AvroConfluent, {options.rows:,} messages, {size / 1e6:,.0f} MB | {size / 1e6 / a:,.0f} MB/s | {size / 1e6 / c:,.0f} MB/s | {a / c:.2f} |")
            p50, p99 = bench.latency(60)
            lines.append(f"| one message, produced to visible, p50 / p99 | | {p50 * 1000:.0f} / {p99 * 1000:.0f} ms | |")
            lines.append(f"| peak memory of Penstock | | {penstock.peak_kib() / 1024:.0f} MiB | |")
            version = bench.sql.value("SELECT version()")
        finally:
            penstock.stop()
            cluster.stop()
    print(*lines, sep="\n")
    if options.write:
        page.write(
            options.write, "kafka", version, f"median of {options.repeat} alternating runs, {PARTITIONS} partitions",
            [("| messages | straight into ClickHouse (`curl`) | Penstock pipe | ratio |", lines)])


main()
