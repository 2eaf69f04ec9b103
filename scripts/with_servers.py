"""Runs a command with a ClickHouse at PENSTOCK_TEST_CLICKHOUSE, S3 at PENSTOCK_TEST_S3 and PENSTOCK_TEST_S3_AUTH, and schema registries at
PENSTOCK_TEST_REGISTRY (user "user", password "pass") and PENSTOCK_TEST_REGISTRY_TLS (authority in the file PENSTOCK_TEST_REGISTRY_CA)."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

from servers import ClickHouse, Moto, Process, free_port, wait_until  # noqa: E402

DOUBLES = pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd/doubles"


def registry(directory, *arguments):
    port = free_port()
    server = Process([sys.executable, str(DOUBLES / "schema_registry.py"), str(port), *arguments], directory / f"registry-{port}.log")
    wait_until(lambda: "ready" in server.output(), 10, "the schema registry")
    return server, port


def certificate(directory):
    """A certificate of its own authority for localhost."""
    files = [str(directory / name) for name in ("registry.pem", "registry.key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True)
    return files


command = sys.argv[sys.argv.index("--") + 1:]
with tempfile.TemporaryDirectory(prefix="penstock-test-") as directory:
    started = []
    try:
        started.append(ClickHouse(pathlib.Path(directory) / "clickhouse"))
        started.append(Moto(pathlib.Path(directory) / "s3"))
        # A second S3 for the suite that turns signature checks on, which cannot be turned off again.
        started.append(Moto(pathlib.Path(directory) / "s3-auth"))
        plain, port = registry(pathlib.Path(directory), "--user", "user:pass")
        started.append(plain)
        files = certificate(pathlib.Path(directory))
        secure, secure_port = registry(pathlib.Path(directory), "--tls", *files)
        started.append(secure)
        environment = {
            **os.environ, "PENSTOCK_TEST_CLICKHOUSE": started[0].url, "PENSTOCK_TEST_S3": started[1].url,
            "PENSTOCK_TEST_S3_AUTH": started[2].url,
            "PENSTOCK_TEST_REGISTRY": f"http://127.0.0.1:{port}", "PENSTOCK_TEST_REGISTRY_TLS": f"https://localhost:{secure_port}",
            "PENSTOCK_TEST_REGISTRY_CA": files[0],
            "AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}
        status = subprocess.run(command, env=environment).returncode
    finally:
        for server in started:
            server.stop()
sys.exit(status)
