"""A Postgres of our own, and pipes that read it."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

from servers import Process, free_port, wait_until

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "s3cret-password"


class Postgres(Process):
    """Postgres 15 on loopback, database `postgres`, user `postgres`; Postgres refuses root, so root starts it as user `postgres`."""

    def __init__(self, directory: pathlib.Path, settings: str = "wal_level = logical"):
        self.port, self.directory = free_port(), directory
        self.address = f"127.0.0.1:{self.port}"
        directory.mkdir(parents=True, exist_ok=True)
        self.prefix = []
        if os.geteuid() == 0:
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            # The folders above must let the user through; /tmp of pytest does not.
            shutil.chown(directory, "postgres", "postgres")
            for parent in [directory, *directory.parents]:
                if parent != pathlib.Path("/") and parent.stat().st_uid == 0 and not parent.stat().st_mode & 1:
                    parent.chmod(parent.stat().st_mode | 0o011)
        password = directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        subprocess.run(
            [*self.prefix, BINARIES / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}",
             "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"], check=True, capture_output=True, cwd="/")
        with open(directory / "data/postgresql.conf", "a") as file:
            file.write(f"""
listen_addresses = '127.0.0.1'
port = {self.port}
unix_socket_directories = ''
fsync = off
max_replication_slots = 20
max_wal_senders = 20
max_connections = 100
{settings}
""")
        self.restart()

    def restart(self):
        """Starts with the same port and data, first or again."""
        super().__init__([*self.prefix, BINARIES / "postgres", "-D", self.directory / "data"], self.directory / "postgres.log", cwd="/")
        wait_until(lambda: self.psql("SELECT 1", check=False).returncode == 0, 60, "Postgres")

    def stop(self, timeout: float = 30) -> int:
        """A fast shutdown: SIGTERM alone waits for every client to leave."""
        if self.running:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        self._output.close()
        return self.process.returncode

    def environment(self, user="postgres", password=PASSWORD):
        return {**os.environ, "PGPASSWORD": password, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": user, "PGTZ": "UTC"}

    def psql(self, text: str, database="postgres", check=True):
        done = subprocess.run(
            [BINARIES / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=text,
            capture_output=True, text=True, env=self.environment())
        assert not check or done.returncode == 0, done.stderr
        return done

    def sql(self, text: str, database="postgres") -> str:
        return self.psql(text, database).stdout.rstrip("\n")

    def database(self, name: str):
        self.sql(f'CREATE DATABASE "{name}"')


def postgres_pipe(postgres, database, tables, destination="default", settings=None, source=None, name="postgres pipe"):
    """Body of a pipe; `tables` are names in `public`, or whole mappings."""
    mappings = [
        {"sourceSchemaName": "public", "sourceTable": table, "targetTable": f"public_{table}"} if isinstance(table, str) else table
        for table in tables]
    return {
        "name": name,
        "source": {"postgres": {
            "host": "127.0.0.1", "port": postgres.port, "database": database, "disableTls": True,
            "credentials": {"username": "postgres", "password": PASSWORD},
            "settings": {"replicationMode": "cdc", "syncIntervalSeconds": 1, **(settings or {})}, "tableMappings": mappings, **(source or {})}},
        "destination": {"database": destination},
    }


# Bytes of a row of `huge_transaction`: 30 checksums, and what Postgres adds.
HUGE = 1000


def huge_transaction(postgres, penstock, api, sql, rows):
    """One transaction of `rows` rows through a pipe of its own, compared at the end; seconds from its commit to all rows visible, and the most
    memory that Penstock had meanwhile in KiB."""
    postgres.sql("CREATE TABLE huge (id bigint PRIMARY KEY, body text)")
    pipe = api.create_pipe(postgres_pipe(postgres, "postgres", ["huge"]))
    api.wait_state(pipe, "Running")
    penstock.forget_peak()
    postgres.sql(f"INSERT INTO huge SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, {rows}) n")
    began = time.monotonic()
    wait_until(lambda: sql.count("public_huge") >= rows, 1800, "the huge transaction", interval=0.5)
    seconds, peak = time.monotonic() - began, penstock.peak_kib()
    # Of each body the first four bytes of its MD5.
    expected = postgres.sql("SELECT count(*), sum(id), sum(('x' || left(md5(body), 8))::bit(32)::bigint) FROM huge")
    found = sql.text(
        "SELECT count(), sum(id), sum(toUInt64(reinterpretAsUInt32(reverse(substring(MD5(body), 1, 4))))) FROM public_huge FINAL FORMAT TSV")
    assert found.rstrip("\n") == expected, f"{found} instead of {expected}"
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text("DROP TABLE public_huge SYNC")
    postgres.sql("DROP TABLE huge")
    return seconds, peak
