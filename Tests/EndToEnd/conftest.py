"""Fixtures: one S3, one Penstock for most tests; drills start their own."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from api import API, SQL  # noqa: E402
from browser import Browser  # noqa: E402
from endpoints import Endpoints  # noqa: E402
from kafka import Broker, Certificates  # noqa: E402
from postgres import Postgres  # noqa: E402
from servers import Moto, Penstock, Process, random_name, wait_until  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "drill: kills processes, calls at random or moves gigabytes; PENSTOCK_DRILL=full does it all")


@pytest.fixture(autouse=True)
def nothing_left_running(moto, penstock, broker, secure_broker, postgres, request):
    """A test that fails halfway does not leave its servers to the others; those of the session stay."""
    if "own_endpoints" in request.fixturenames:
        request.getfixturevalue("own_endpoints")
    before = len(Process.started)
    yield
    Process.stop_all(before)


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def penstock(tmp_path_factory):
    server = Penstock(tmp_path_factory.mktemp("penstock") / "data")
    yield server
    assert server.running, f"penstock ended by itself:\n{server.output()[-4000:]}"
    server.stop()


@pytest.fixture(scope="session")
def api(penstock):
    return API(penstock)


@pytest.fixture(scope="session")
def sql(penstock):
    return SQL(penstock.credentials["clickhouseURL"])


@pytest.fixture
def bucket(moto):
    name = random_name("bucket-")
    moto.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def table(sql):
    name = random_name("t_")
    yield name
    sql.text(f"DROP TABLE IF EXISTS {name}")
    sql.text(f"DROP TABLE IF EXISTS {name}_clickpipes_error")


@pytest.fixture(scope="session")
def shared_endpoints(api, sql):
    return Endpoints(api, sql)


@pytest.fixture
def endpoints(shared_endpoints):
    """One key for all tests; what a test published goes with it."""
    yield shared_endpoints
    shared_endpoints.close()


@pytest.fixture
def browser(penstock, tmp_path):
    """A window of its own for each test, not signed in."""
    window = Browser(penstock.base, tmp_path)
    yield window
    window.close()


@pytest.fixture
def database(postgres):
    """A database of the session's Postgres for one test."""
    name = random_name("db_")
    postgres.database(name)
    return name


@pytest.fixture
def users(postgres, database, sql):
    """Table `users` with two rows, and the name of a target."""
    postgres.sql("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann'), (2, 'Bob')", database)
    target = random_name("users_")
    yield {"sourceSchemaName": "public", "sourceTable": "users", "targetTable": target}
    for table in (target, target + "_resync"):
        sql.text(f"DROP TABLE IF EXISTS {table}")


@pytest.fixture(scope="module")
def own_endpoints(tmp_path_factory):
    """The same on a Penstock of the module's own: who brings many wrong credentials is soon answered 429."""
    server = Penstock(tmp_path_factory.mktemp("own") / "data")
    api = API(server)
    # It answers before Penstock's own look has found it running.
    wait_until(lambda: api.get(api.service).result["state"] == "running", 60, "the service")
    yield Endpoints(api, SQL(server.credentials["clickhouseURL"]))
    assert server.running, f"penstock ended by itself:\n{server.output()[-4000:]}"
    server.stop()


@pytest.fixture(scope="session")
def rounds():
    """`rounds(few, full)`: how often a drill repeats."""
    return lambda few, full: full if os.environ.get("PENSTOCK_DRILL") == "full" else few


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """A Kafka broker that asks for nothing."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def secure_broker(tmp_path_factory, certificates):
    """TLS, and SASL for `my_user` with `my_password`."""
    broker = Broker(tmp_path_factory.mktemp("secure"), tls=certificates, sasl="my_user:my_password")
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
def topic():
    return random_name("topic-")
