"""`penstock endpoints plan` and `apply`: query endpoints as files, against the running program."""

import os
import subprocess

import pytest

from api import API
from servers import ROOT, random_name

BINARY = os.environ.get("PENSTOCK_BINARY") or ROOT / ".build/release/penstock"
SECRET = "the shared secret of a shop, long enough"


class Files:
    """A folder of endpoints and the program that applies it."""

    def __init__(self, folder, api: API, key: str):
        self.folder, self.api, self.key = folder, api, key
        folder.mkdir(parents=True)

    def write(self, name: str, sql: str, **settings):
        lines = "".join(f"{key}: {value}\n" for key, value in {"apiKeys": f"[{self.key}]", **settings}.items())
        (self.folder / f"{name}.sql").write_text(f"/* ---\n{lines}--- */\n{sql}\n")

    def run(self, command: str, *arguments, code: int = 0, environment=None) -> str:
        """The program's output; its exit status must be `code`."""
        done = subprocess.run(
            [BINARY, "endpoints", command, self.folder, "--credentials-file", self.api.penstock.credentials_file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env={**os.environ, **(environment or {})})
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def endpoints(self) -> dict:
        path = f"{self.api.service}/query-api-endpoints"
        return {item["name"]: self.api.get(f"{path}/{item['id']}").result for item in self.api.get(path).result}


@pytest.fixture
def files(api, tmp_path):
    name = random_name("files ")
    answer = api.curl("POST", f"{api.organization}/keys", {"name": name, "roles": ["query_endpoints"]})
    assert answer.status in (200, 201), answer.text
    made = Files(tmp_path / "endpoints", api, name)
    yield made
    for endpoint in made.endpoints().values():
        api.curl("DELETE", f"{api.service}/query-api-endpoints/{endpoint['id']}")
    api.curl("DELETE", f"{api.organization}/keys/{answer.json['result']['key']['id']}")


def test_plan_apply_and_nothing_to_do(files):
    files.write("top", "SELECT number FROM numbers({n:UInt16})", parameters="{n: 3}", cacheSeconds="60", roles="[sql_console_read_only]")
    files.write("answer", "SELECT 42 AS answer")
    plan = files.run("plan")
    assert "+ create     top" in plan and "Plan: 2 to create, 0 to update, 0 to delete, 0 unchanged." in plan
    assert files.endpoints() == {}, "a plan changes nothing"

    assert "there is no terminal to ask on; say --yes" in files.run("apply", code=1)
    assert files.endpoints() == {}

    applied = files.run("apply", "--yes")
    assert "created  top  http" in applied
    top = files.endpoints()["top"]
    assert top["parameters"] == {"n": "3"} and top["cacheSeconds"] == 60 and top["sql"] == "SELECT number FROM numbers({n:UInt16})"

    for command in ("plan", "apply"):
        assert "Nothing to do: 2 unchanged." in files.run(command), "the second run has nothing to do"
    assert files.endpoints()["top"] == top

    files.write("top", "SELECT number + 1 FROM numbers({n:UInt16})", parameters="{n: 4}")
    plan = files.run("plan")
    assert "~ update     top" in plan and "-SELECT number FROM" in plan and "+SELECT number + 1 FROM" in plan and "-cacheSeconds: 60" in plan
    files.run("apply", "--yes")
    changed = files.endpoints()["top"]
    assert changed["id"] == top["id"] and changed["version"] == top["version"] + 1 and changed.get("cacheSeconds") is None
    assert "Nothing to do" in files.run("apply")

    (files.folder / "answer.sql").unlink()
    assert "Nothing to do" in files.run("plan")
    assert "- delete     answer" in files.run("plan", "--prune")
    files.run("apply", "--prune", "--yes")
    assert set(files.endpoints()) == {"top"}


def test_wrong_files_are_told_at_once_and_nothing_is_applied(files):
    files.write("good", "SELECT 1")
    files.write("colour", "SELECT 1", colour="red")
    files.write("value", "SELECT {n:UInt8}", parameters="{n: 300}")
    files.write("keyless", "SELECT 1", apiKeys="[nobody has this name]")
    told = files.run("apply", "--yes", code=2)
    assert "colour.sql:3: colour is not a known key" in told and "value.sql:3: parameters.n is not a value of type UInt8" in told
    assert files.endpoints() == {}
    for name in ("colour", "value"):
        (files.folder / f"{name}.sql").unlink()
    told = files.run("apply", "--yes", code=2)
    assert "keyless.sql:2: there is no API key with the name or id 'nobody has this name'" in told
    assert files.endpoints() == {}


def test_what_clickhouse_refuses_is_told_with_its_file(files):
    files.write("bad", "SELECT * FROM there_is_no_such_table")
    files.write("good", "SELECT 1")
    told = files.run("apply", "--yes", code=1)
    assert "bad.sql: BAD_REQUEST" in told and "there_is_no_such_table" in told
    assert set(files.endpoints()) == {"good"}


def test_secrets_come_from_the_environment_and_are_never_shown(files):
    tokens = '\n  algorithm: HS256\n  secret: "${SHOP_SECRET}"\n  fixedParameters:\n    shop: shop_id'
    files.write("shop", "SELECT {shop:String}", tokens=tokens)
    assert "SHOP_SECRET, which is not set" in files.run("plan", code=2)
    environment = {"SHOP_SECRET": SECRET}
    output = files.run("plan", environment=environment) + files.run("apply", "--yes", environment=environment)
    output += files.run("apply", environment=environment)
    assert "Nothing to do: 1 unchanged." in output
    output += files.run("plan", "--resend-secrets", environment=environment)
    assert "tokens.secret is sent again" in output and SECRET not in output
    assert files.endpoints()["shop"]["tokens"]["fixedParameters"] == {"shop": "shop_id"}


def test_a_wrong_key_is_refused(files):
    files.write("good", "SELECT 1")
    assert "UNAUTHORIZED" in files.run("plan", environment={"PENSTOCK_KEY_SECRET": "wrong"}, code=1)
