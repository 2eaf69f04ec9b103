"""What a Kafka pipe says and does while its broker is away, wants other credentials, or moves its partitions."""

from kafka import Broker, MockCluster, kafka_pipe, message, produce
from servers import wait_until
from test_kafka import rows


def test_a_broker_that_goes_away_and_comes_back(api, sql, tmp_path, topic, table):
    broker = Broker(tmp_path / "own")
    broker.create_topic(topic, 2)
    broker.produce(topic, [message(number) for number in range(10)])
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, source={"exactlyOnce": True}))
    rows(sql, table, 10)
    broker.close()
    told = wait_until(lambda: api.pipe(pipe).get("stateMessage"), 60, "a message while the broker is away")
    assert broker.address in told or "broker" in told
    assert api.pipe(pipe)["state"] in ("Running", "Degraded")
    broker.open()
    broker.produce(topic, [message(number) for number in range(10, 20)])
    rows(sql, table, 20, timeout=90)
    wait_until(lambda: not api.pipe(pipe).get("stateMessage"), 30, "the message to go")


def test_credentials_that_stop_working_fail_the_pipe_until_they_are_renewed(api, sql, tmp_path, certificates, topic, table):
    broker = Broker(tmp_path / "own", tls=certificates, sasl="my_user:first")
    broker.create_topic(topic)
    broker.produce(topic, [message(1)])
    source = {
        "authentication": "PLAIN", "credentials": {"username": "my_user", "password": "first"}, "caCertificate": certificates.text("ca.pem")}
    pipe = api.create_pipe(kafka_pipe(broker, topic, table, source=source))
    rows(sql, table, 1)
    broker.close()
    broker.options[broker.options.index("--sasl") + 1] = "my_user:second"
    broker.sasl = "my_user:second"
    broker.open()
    failed = api.wait_state(pipe, "Failed", timeout=120)
    assert "uthenticat" in failed["stateMessage"] and "first" not in failed["stateMessage"]
    renewed = {"source": {"kafka": {"credentials": {"username": "my_user", "password": "second"}}}}
    assert api.curl("PATCH", f"{api.pipes}/{pipe}", renewed).status == 200
    api.command(pipe, "start")
    broker.produce(topic, [message(2)])
    rows(sql, table, 2)


def test_leaders_that_move_and_brokers_that_fall(api, sql, tmp_path, topic, table):
    cluster = MockCluster(tmp_path, brokers=3)
    cluster.create_topic(topic, 6)
    produce(cluster.settings(), topic, [message(number) for number in range(600)])
    api.create_pipe(kafka_pipe(cluster, topic, table, source={"exactlyOnce": True}))
    rows(sql, table, 600)
    for partition in range(6):
        cluster.tell("leader", topic, partition, 2)
    cluster.tell("down", 1)
    produce(cluster.settings(), topic, [message(number) for number in range(600, 900)])
    rows(sql, table, 900, timeout=120)
    cluster.tell("up", 1)
    assert sql.value(f"SELECT uniqExact(id) FROM {table}") == 900
