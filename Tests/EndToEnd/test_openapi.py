"""GET /v1 is a valid OpenAPI document, and what is served keeps to it, whatever a generator makes of it."""

import pathlib
import subprocess
import sys

import pytest
from openapi_spec_validator import validate

from api import API
from files import encode, s3_pipe
from servers import Penstock

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture
def own(tmp_path):
    """A Penstock of its own: the generator makes keys and roles and renames what it finds."""
    server = Penstock(tmp_path / "data")
    yield API(server)
    assert server.running, f"penstock ended by itself:\n{server.output()[-4000:]}"
    server.stop()


def test_the_document_is_valid_and_public(api):
    answer = api.curl("GET", "/v1", user=None)
    assert answer.status == 200
    validate(answer.json)
    operations = [o for path in answer.json["paths"].values() for o in path.values()]
    assert len({o["operationId"] for o in operations}) == len(operations) > 40


def test_paths_work_without_the_version(api):
    with_version = api.get(api.organization).result
    assert api.get(api.organization.removeprefix("/v1")).result == with_version
    assert api.get(api.pipes.removeprefix("/v1") + "/").status == 200
    assert api.curl("GET", "/organizations", user=None).status == 401
    assert not any(path.startswith("/organizations") for path in api.get("/v1").json["paths"])


def test_generated_requests_find_no_server_error(own, moto, bucket, tmp_path):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
    pipe = own.create_pipe(s3_pipe(moto, bucket, "*.json", "generated", source={"isContinuous": True}))
    endpoint = own.curl("POST", f"{own.service}/clickpipesReversePrivateEndpoints", {
        "type": "VPC_ENDPOINT_SERVICE", "description": "test", "vpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0"}).result
    printed = own.penstock.output().count(own.key_secret)
    ids = {
        "organizationId": own.penstock.credentials["organizationId"], "serviceId": own.penstock.credentials["serviceId"],
        "clickPipeId": pipe, "reversePrivateEndpointId": endpoint["id"], "roleId": "00000000-0000-4000-8000-000000000002",
    }
    config = tmp_path / "schemathesis.toml"
    config.write_text("[parameters]\n" + "".join(f'{name} = "{value}"\n' for name, value in ids.items()))
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", config, "run", own.penstock.base + "/v1",
         "-a", f"{own.key_id}:{own.key_secret}", "--checks", CHECKS, "--seed", "1", "--phases", "coverage,fuzzing", "-n", "12",
         "--max-time", "45", "--generation-database", "none", "--continue-on-failure",
         # What the others need must stay: the pipe and its running service.
         "--exclude-operation-id", "clickPipeDelete", "--exclude-operation-id", "instanceStateUpdate",
         "--exclude-operation-id", "clickPipeReversePrivateEndpointDelete",
         # A stream without an end.
         "--exclude-operation-id", "eventStreamGet"],
        capture_output=True, text=True, timeout=180, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    assert own.pipe(pipe)["id"] == pipe
    assert own.penstock.output().count(own.key_secret) == printed
    assert "request failed" not in own.penstock.output()
