"""Runs a command with a ClickHouse at PENSTOCK_TEST_CLICKHOUSE and S3 at PENSTOCK_TEST_S3 and PENSTOCK_TEST_S3_AUTH."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

from servers import ClickHouse, Moto  # noqa: E402

command = sys.argv[sys.argv.index("--") + 1:]
with tempfile.TemporaryDirectory(prefix="penstock-test-") as directory:
    started = []
    try:
        started.append(ClickHouse(pathlib.Path(directory) / "clickhouse"))
        started.append(Moto(pathlib.Path(directory) / "s3"))
        # A second S3 for the suite that turns signature checks on, which cannot be turned off again.
        started.append(Moto(pathlib.Path(directory) / "s3-auth"))
        environment = {
            **os.environ, "PENSTOCK_TEST_CLICKHOUSE": started[0].url, "PENSTOCK_TEST_S3": started[1].url,
            "PENSTOCK_TEST_S3_AUTH": started[2].url,
            "AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}
        status = subprocess.run(command, env=environment).returncode
    finally:
        for server in started:
            server.stop()
sys.exit(status)
