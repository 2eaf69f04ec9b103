"""A ClickHouse user with exactly the rights that the documentation asks for."""

import json
import re

from api import API, SQL
from files import CHECKSUM, encode, expected_checksum, s3_pipe
from servers import ROOT, ClickHouse, Penstock, wait_until


def documented_grants() -> list[str]:
    text = (ROOT / "docs/operations.md").read_text()
    block = re.search(r"```sql\n(GRANT .*?)```", text, re.DOTALL).group(1)
    return [statement for statement in block.split(";\n") if statement.strip()]


def test_the_documented_rights_are_enough(tmp_path, moto, bucket):
    remote = ClickHouse(tmp_path / "remote")
    admin = SQL(remote.url)
    admin.text("CREATE DATABASE analytics")
    admin.text("CREATE USER penstock IDENTIFIED WITH plaintext_password BY 'pw'")
    for grant in documented_grants():
        admin.text(grant)
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="1.json", Body=encode("JSONEachRow", 0, 100))
    s3.put_object(Bucket=bucket, Key="bad.json", Body=b"{")
    configuration = tmp_path / "penstock.yaml"
    service = {"name": "remote", "url": remote.url, "user": "penstock", "password": "pw"}
    configuration.write_text(json.dumps({"services": [service]}))
    program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
    try:
        api = API(program)
        services = {s["name"]: s["id"] for s in api.get(f"{api.organization}/services").result}
        api.pipes = f"{api.organization}/services/{services['remote']}/clickpipes"
        pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", "t", destination={"database": "analytics"}))
        done = wait_until(lambda: (p := api.pipe(pipe))["state"] in ("Completed", "Failed", "InternalError") and p, 60, "an end")
        assert done["state"] == "Completed", done
        assert admin.rows(f"SELECT {CHECKSUM} FROM analytics.t")[0] == admin.rows(expected_checksum(0, 100))[0]
        assert admin.value("SELECT count() FROM analytics.t_clickpipes_error") == 1
        assert admin.value("SELECT count() FROM system.tables WHERE name LIKE '%\\_clickpipes\\_stage%'") == 0
        wait_until(lambda: admin.value("SELECT count() FROM system.tables WHERE name = 'clickpipes_log'") == 1, 30, "the pipe log")
        assert admin.value("SELECT database FROM system.tables WHERE name = 'clickpipes_log'") == "system"
        assert api.curl("DELETE", f"{api.pipes}/{pipe}").status == 200
    finally:
        program.stop()
        remote.stop()
