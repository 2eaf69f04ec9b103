"""Topics that change under a pipe: more partitions, gone and back, records removed before they were read.

What no broker here can do is tested in Connectors/Kafka/Tests. Offsets by time: the mock cluster has no index of times and Tansu 0.6 answers 0
to every time (`OffsetStartTests.theMomentOfTheStrategy`, `KafkaSourceTests.recordsFromATimeOnWhereNoneIsThatYoung`). A topic made anew whose
offsets begin again: Tansu makes a deleted topic again at the next question for it and says nothing to a fetch behind the end, the mock cluster
deletes no topics (`KafkaSourceTests.offsetsThatRetentionRemoved`). Neither can raise a number of partitions, and Tansu gives members that
join again their old ones: the front of the mock cluster hides some until then.
"""

import json

import pytest

from kafka import COLUMNS, LimitedCluster, kafka_pipe, message, produce
from servers import random_name, wait_until
from test_kafka import rows

MISSING = 3  # UNKNOWN_TOPIC_OR_PARTITION of the protocol guide.
PLACED = COLUMNS[:1] + [{"name": "part", "type": "Int32"}, {"name": "off", "type": "Int64"}]
PLACES = [{"sourceField": field, "destinationField": column["name"]} for field, column in zip(["id", "_partition", "_offset"], PLACED)]


class Stage:
    """A broker of the module's own and a pipe for each test, all made at once: a group takes seconds to form, many take no longer. What is
    noticed within ten seconds is begun here, too."""

    def __init__(self, api, sql, directory):
        self.api = api
        self.mock = LimitedCluster(directory)
        self.topics, self.tables, self.pipes = {}, {}, {}
        self.topic("raised", 4)
        self.mock.show(**{self.topics["raised"]: 2})
        self.make("raised", offset={"strategy": "from_latest"})
        self.topic("gone", 2)
        self.send("gone", range(10))
        self.make("gone")
        self.topic("retention", 1)
        self.send("retention", range(10))
        self.make("retention", exactlyOnce=True)
        self.topic("many", 64)
        # By number: without a key, messages that follow each other closely go to one partition.
        produce(self.mock.settings(), self.topics["many"], ({"value": message(n), "partition": n % 64} for n in range(6400)))
        scaling = {"replicas": 2, "replicaCpuMillicores": 500, "replicaMemoryGb": 1.0}
        self.make("many", scaling=scaling, exactlyOnce=True)

        topic, metrics = self.topics["raised"], f"{self.api.organization}/prometheus"
        wait_until(lambda: f'lane="{topic}:1"' in self.api.get(metrics).text, 30, "the first two partitions")
        assert f'lane="{topic}:2"' not in self.api.get(metrics).text
        rows(sql, self.tables["gone"], 10)
        self.mock.tell("error", self.topics["gone"], MISSING)
        self.mock.show()
        for partition in range(4):
            produce(self.mock.settings(), topic, [message(10 * partition + number) for number in range(5)], partition)

    def topic(self, name, partitions):
        self.topics[name], self.tables[name] = random_name(f"{name}-"), random_name("t_")
        self.mock.create_topic(self.topics[name], partitions)

    def make(self, name, scaling=None, **source):
        body = kafka_pipe(self.mock, self.topics[name], self.tables[name], source=source, columns=PLACED, fieldMappings=PLACES)
        self.pipes[name] = self.api.create_pipe({**body, **({"scaling": scaling} if scaling else {})})

    def send(self, name, numbers):
        produce(self.mock.settings(), self.topics[name], [message(number) for number in numbers])


@pytest.fixture(scope="module")
def stage(api, sql, tmp_path_factory):
    stage = Stage(api, sql, tmp_path_factory.mktemp("brokers"))
    yield stage
    for name, pipe in stage.pipes.items():
        api.curl("DELETE", f"{api.pipes}/{pipe}")
        sql.text(f"DROP TABLE IF EXISTS {stage.tables[name]}")
    stage.mock.front.stop()
    stage.mock.stop()


def logged(sql, pipe, code):
    return sql.rows(f"SELECT message FROM system.clickpipes_log WHERE clickpipe_id = '{pipe}' AND code = '{code}' ORDER BY timestamp")


def test_sixty_four_partitions_of_two_replicas(sql, stage):
    table = stage.tables["many"]
    rows(sql, table, 6400)
    assert sql.rows(f"SELECT uniqExact(id) AS ids, sum(id) AS sum, uniqExact(part) AS parts FROM {table}") == [
        {"ids": 6400, "sum": sum(range(6400)), "parts": 64}]


def test_records_that_were_removed_before_they_were_read(api, sql, stage):
    """The mock cluster keeps 5 MB of a partition."""
    table, pipe, topic = stage.tables["retention"], stage.pipes["retention"], stage.topics["retention"]
    rows(sql, table, 10)
    api.command(pipe, "stop")
    api.wait_state(pipe, "Stopped")
    large = [json.dumps({"id": number, "padding": "x" * 900_000}).encode() for number in range(10, 20)]
    produce(stage.mock.settings(), topic, large)
    api.command(pipe, "start")
    wait_until(lambda: sql.value(f"SELECT max(id) FROM {table}") == 19, 30, "the newest record")
    first = sql.value(f"SELECT min(off) FROM {table} WHERE off >= 10")
    assert 10 < first < 19 and sql.value(f"SELECT count() FROM {table}") == 10 + 20 - first
    line = wait_until(lambda: logged(sql, pipe, "SOURCE_RECORDS_GONE"), 20, "the line of the log")[0]["message"]
    assert f"{first - 10} offsets of topic '{topic}', partition 0, from 10 to {first - 1}, were removed by the broker" in line
    assert api.pipe(pipe)["state"] == "Running"


def test_topics_that_are_missing_are_told_before_a_pipe_is_made(api, stage, table):
    there, missing = stage.topics["many"], random_name("missing-")
    stage.mock.tell("error", missing, MISSING)
    answer = api.curl("POST", api.pipes, kafka_pipe(stage.mock, f"{there},{missing}", table))
    assert answer.status == 400 and "source.kafka.topics" in answer.error and f"'{missing}'" in answer.error and f"'{there}'" not in answer.error
    assert "Make the topic, or correct" in answer.error


def test_a_topic_that_is_deleted_and_made_again(api, sql, stage):
    table, pipe, topic = stage.tables["gone"], stage.pipes["gone"], stage.topics["gone"]
    told = wait_until(lambda: api.pipe(pipe).get("stateMessage"), 60, "a message while the topic is gone")
    assert topic in told and "waits for it to come back" in told and api.pipe(pipe)["state"] in ("Running", "Degraded")
    stage.mock.tell("error", topic, 0)
    stage.send("gone", range(10, 20))
    rows(sql, table, 20, timeout=60)
    assert sql.value(f"SELECT uniqExact(id) FROM {table}") == 20
    wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 20, "the message to go")


def test_more_partitions_are_read_from_their_beginning(api, sql, stage):
    """Whatever the strategy: what is in them came after the pipe. Raised when the tests began."""
    table = stage.tables["raised"]
    rows(sql, table, 20, timeout=60)
    assert sql.rows(f"SELECT part, groupArray(id) AS ids FROM (SELECT * FROM {table} ORDER BY part, off) GROUP BY part ORDER BY part") == [
        {"part": partition, "ids": [10 * partition + number for number in range(5)]} for partition in range(4)]
