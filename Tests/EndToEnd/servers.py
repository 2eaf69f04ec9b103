"""Real servers for tests, the demo and benchmarks: each starts on loopback, waits until it answers, and is stopped by pid."""

import contextlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, timeout: float, what: str, interval: float = 0.05):
    """Polls until `condition()` is truthy and returns its value; AssertionError with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out after {timeout:g} s waiting for {what}")
        time.sleep(interval)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Process:
    """A child process with its output in a file. What a failed test leaves behind is stopped by `stop_all`."""

    started: list["Process"] = []

    def __init__(self, arguments, log: pathlib.Path, env=None, cwd=None, stdin=subprocess.DEVNULL):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self._output = open(log, "ab")
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=stdin, stdout=self._output,
            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=cwd)
        Process.started.append(self)

    @classmethod
    def stop_all(cls, since: int = 0):
        """Stops every process started after the first `since`, newest first."""
        for process in reversed(cls.started[since:]):
            process.stop()
        del cls.started[since:]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM, wait, SIGKILL; returns the exit status."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()
        return self.process.returncode

    def kill(self):
        """SIGKILL, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._output.close()


class Moto(Process):
    """S3, STS and IAM by moto. Signatures are not checked unless `enforce()` was called."""

    def __init__(self, directory: pathlib.Path, port: int | None = None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        server = pathlib.Path(sys.executable).parent / "moto_server"
        super().__init__([server, "-H", "127.0.0.1", "-p", self.port], directory / "moto.log")
        wait_until(lambda: answers(self.url + "/moto-api/"), 60, "moto")

    def client(self, service: str, key: str = "root", secret: str = "root", token: str | None = None):
        import boto3
        from botocore.config import Config

        return boto3.client(
            service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
            aws_session_token=token, config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3}))

    def enforce(self):
        """From now on signatures and policies are checked (moto's reset-auth with no free calls left)."""
        request = urllib.request.Request(
            self.url + "/moto-api/reset-auth", data=b"0", method="POST", headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=5).read()


class Gate:
    """A port that leads to another one while it is open; closed, connections are refused and those there are end."""

    def __init__(self, target: int):
        self.target, self.port, self.connections, self.listener = target, free_port(), [], None
        self.url = f"http://127.0.0.1:{self.port}"
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        for end in [self.listener, *self.connections]:
            # Wakes whoever waits in accept or recv; a plain close does not.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.connections = []

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", self.target))
                self.connections += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class ClickHouse(Process):
    """A bare ClickHouse from the same wheel as the embedded one, for suites that need a server but no Penstock."""

    LAUNCHER = """
import ctypes, importlib.util, pathlib, sys
library = pathlib.Path(importlib.util.find_spec("chdb").origin).parent / "_chdb.abi3.so"
main = ctypes.CDLL(str(library))._Z25mainEntryClickHouseServeriPPc
arguments = [b"clickhouse-server"] + [a.encode() for a in sys.argv[1:]]
sys.exit(main(len(arguments), (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)))
"""

    def __init__(self, directory: pathlib.Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "config.xml"
        configuration.write_text(f"""<clickhouse>
<logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><http_port>{self.port}</http_port>
<path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path><user_files_path>{directory}/files/</user_files_path>
<custom_settings_prefixes>SQL_</custom_settings_prefixes>
<mark_cache_size>67108864</mark_cache_size>
<query_log><database>system</database><table>query_log</table><flush_interval_milliseconds>500</flush_interval_milliseconds></query_log>
<part_log><database>system</database><table>part_log</table></part_log>
<user_directories><users_xml><path>{configuration}</path></users_xml>
<local_directory><path>{directory}/access/</path></local_directory></user_directories>
<users><default><password></password><access_management>1</access_management><profile>default</profile><quota>default</quota>
<networks><ip>127.0.0.1</ip></networks></default></users><profiles><default/></profiles><quotas><default/></quotas>
</clickhouse>""")
        self.directory = directory
        self.restart()

    def restart(self):
        """Starts with the same port and data, first or again."""
        super().__init__(
            [sys.executable, "-c", self.LAUNCHER, f"--config-file={self.directory / 'config.xml'}"], self.directory / "clickhouse.log",
            cwd=self.directory)
        wait_until(lambda: answers(self.url + "/ping"), 60, "ClickHouse")


class Penstock(Process):
    """The program itself, as a user starts it."""

    def __init__(self, data: pathlib.Path, listen: str = "127.0.0.1:0", arguments=(), env=None, wait: bool = True, binary=None,
                 command=("up",)):
        self.data = data
        self.credentials_file = data / "credentials.json"
        self.started = time.monotonic()
        before = self.credentials_file.stat().st_mtime_ns if self.credentials_file.exists() else 0
        binary = binary or os.environ.get("PENSTOCK_BINARY") or ROOT / ".build/release/penstock"
        super().__init__(
            [binary, *command, "--data-dir", data, "--listen", listen, "--credentials-file", self.credentials_file, *arguments],
            data.parent / (data.name + ".log"), env={"PENSTOCK_PYTHON": sys.executable, **(env or {})})
        self.credentials = {}
        if wait:
            self.wait_ready(before)

    def wait_ready(self, before: int = 0):
        """Returns once the API and the embedded ClickHouse answer; notes how long that took in `ready_after`."""

        def written():
            assert self.running, f"penstock ended with {self.process.returncode}:\n{self.output()[-4000:]}"
            return self.credentials_file.exists() and self.credentials_file.stat().st_mtime_ns != before

        wait_until(written, 60, "the credentials file")
        self.credentials = json.loads(self.credentials_file.read_text())
        wait_until(lambda: answers(self.base + "/v1"), 60, "the API")
        wait_until(lambda: answers("http://" + self.credentials["clickhouseURL"].split("@")[1] + "/ping"), 60, "the embedded ClickHouse")
        self.ready_after = time.monotonic() - self.started

    @property
    def base(self) -> str:
        """Base URL without `/v1`."""
        return self.credentials["baseURL"].removesuffix("/v1")

    def resident_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def forget_peak(self):
        """From now on `peak_kib` is the peak since this moment."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    def clickhouse_pid(self) -> int | None:
        """The embedded server: the process whose command line names its configuration under our data directory."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.pid:
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.data / "clickhouse").encode() in command:
                    return int(entry.name)
        return None


def random_name(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(4)}"
