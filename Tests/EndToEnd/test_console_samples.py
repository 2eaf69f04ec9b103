"""The samples that the console shows for an endpoint are run as they stand, with a key in the place of the placeholders."""

import json
import subprocess
import sys

import pytest

EXPECTED = [{"number": number, "w": "text"} for number in range(3)]

# The page's own console is where a script writes to.
JAVASCRIPT = """
const done = arguments[arguments.length - 1], lines = [], write = console.log;
console.log = (...words) => lines.push(words.join(" "));
(async () => { %s })().then(() => { console.log = write; done(lines.join("\\n")); }, (error) => done(String(error)));"""


@pytest.fixture
def endpoint(endpoints):
    """Its parameter n has a default, w has none: a sample has to bring a value."""
    return endpoints.publish("SELECT number, {w:String} AS w FROM numbers({n:UInt8})", parameters={"n": "3"})


def ran(command, folder) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_sample_runs_as_it_stands(browser, penstock, endpoints, endpoint, tmp_path):
    key_id, secret = endpoints.key.pair
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.go(f"#/endpoints/{endpoint}")
    for name in ("curl GET", "curl POST", "JavaScript", "Python", "Swift"):
        browser.click(name, tags="[role=tab]")
        code = browser.until(lambda: browser.text(f"[aria-label=Samples] pre[aria-label='{name}']"), name)
        assert "<key id>" in code and "<key secret>" in code and secret not in code
        code = code.replace("<key id>", key_id).replace("<key secret>", secret)
        if name == "JavaScript":
            output = browser.driver.execute_async_script(JAVASCRIPT % code)
        elif name == "Python":
            output = ran([sys.executable, "-c", code], tmp_path)
        elif name == "Swift":
            (tmp_path / "main.swift").write_text(code)
            ran(["swiftc", "-swift-version", "6", "main.swift", "-o", "sample"], tmp_path)
            output = ran([tmp_path / "sample"], tmp_path)
        else:
            output = ran(["bash", "-c", code], tmp_path)
        assert [json.loads(line) for line in output.splitlines() if line.strip()] == EXPECTED, (name, output)
