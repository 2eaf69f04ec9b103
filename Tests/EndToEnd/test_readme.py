"""The README's commands for endpoints, run as they are written."""

import json
import os
import re
import subprocess

from servers import ROOT


def test_a_query_as_an_endpoint(api):
    section = (ROOT / "README.md").read_text().split("## A query as an endpoint")[1]
    create, call = re.search(r"```sh\n(.*?)```", section, re.S)[1].strip().split("\n\n")
    environment = {
        **os.environ, "KEY_ID": api.key_id, "KEY_SECRET": api.key_secret, "BASE_URL": api.penstock.base,
        "ORG_ID": api.organization.rsplit("/", 1)[1], "SERVICE_ID": api.service.rsplit("/", 1)[1], "KEY_RESOURCE_ID": api.get("/v1/whoami").result["keyId"]}

    def run(command):
        done = subprocess.run(["bash", "-c", command.replace("curl ", "curl -sS ", 1)], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = json.loads(run(create))
    assert made["status"] == 201, made
    environment["ENDPOINT_ID"] = made["result"]["id"]
    assert run(call) == '{"number":10}\n{"number":11}\n{"number":12}\n'
    assert api.curl("DELETE", f"{api.service}/query-api-endpoints/{made['result']['id']}").status == 200
