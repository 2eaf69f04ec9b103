"""What goes wrong in the console ends in a message that a person can act on."""

import json

import pytest
from browser import Browser
from console_data import lines
from files import s3_pipe
from selenium.webdriver.common.keys import Keys
from servers import ClickHouse, Penstock, wait_until


@pytest.fixture
def window(own_endpoints, tmp_path):
    """A window on a Penstock that bears wrong passwords and stops."""
    browser = Browser(own_endpoints.api.penstock.base, tmp_path)
    yield browser
    browser.close()


def admin(penstock) -> tuple[str, str]:
    return penstock.credentials["keyId"], penstock.credentials["keySecret"]


def write(browser, sql: str):
    browser.css(".CodeMirror")
    browser.js("document.querySelector('.CodeMirror').CodeMirror.setValue(arguments[0])", sql)


def run(browser, sql: str | None = None):
    if sql is not None:
        write(browser, sql)
    browser.click("Run", within=".editor-bar", tags="button")


def cells(browser) -> list[str]:
    return browser.js("return [...document.querySelectorAll('.grid [role=gridcell]')].map((cell) => cell.textContent)")


def test_a_wrong_password_is_told_in_the_form(window, own_endpoints):
    key, secret = admin(own_endpoints.api.penstock)
    window.open("/")
    window.fill("Key id", key)
    window.fill("Key secret", "not the secret")
    window.press(Keys.ENTER)
    window.sees("Key id or secret is wrong, or the key is disabled or expired", "[role=alert]")
    window.until(lambda: window.js("return document.activeElement.type") == "password", "the focus on the secret")
    assert window.driver.switch_to.active_element.get_attribute("value") == "not the secret"
    assert window.axe() == []
    # A refusal that asks by this header would make the browser show a window of its own.
    asked = window.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        fetch("/console/session", {headers: {"X-Requested-With": "penstock-console"}}).then((answer) => done([answer.status, answer.headers.get("WWW-Authenticate")]))""")
    assert asked == [401, None]
    # What is typed takes the place of the wrong secret.
    window.press(secret)
    window.press(Keys.ENTER)
    window.css(".shell h1, .shell .editor-bar")


def test_a_server_that_died_and_comes_back(tmp_path):
    remote = ClickHouse(tmp_path / "remote")
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text(json.dumps({"services": [{"name": "Warehouse", "url": remote.url}]}))
    program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
    window = Browser(program.base, tmp_path)
    try:
        window.sign_in(*admin(program))
        if window.js("return document.querySelectorAll('.sidebar select option').length") > 1:
            window.fill("Service", "Warehouse", within=".sidebar")
        run(window, "SELECT 6 * 7 AS answer")
        window.until(lambda: cells(window) == ["42"], "the answer")
        remote.kill()
        run(window)
        window.sees("Check that it runs (Services), then run again", "[data-test=result]")
        assert window.text("[data-test=result-error]") and window.axe() == []
        window.click("Services", within="nav")
        window.until(lambda: "Failed" in window.text("table") or "Degraded" in window.text("table"), "the state of the service", 60)
        window.click("Warehouse", within="table")
        window.sees("does not answer. Check that it runs", ".notice")
        # It is seen to come back without anything being loaded anew.
        remote.restart()
        window.until(lambda: "Running" in window.text(".page-head"), "the service to be seen running", 60)
        window.go("#/queries")
        run(window)
        window.until(lambda: cells(window) == ["42"], "the answer again")
    finally:
        window.close()


def test_a_stopped_service_is_started_from_the_query(window, own_endpoints):
    window.sign_in(*admin(own_endpoints.api.penstock))
    window.go("#/services")
    name = own_endpoints.api.get(own_endpoints.api.service).result["name"]
    window.menu(f"Actions of {name}", "Stop")
    assert "pipes stop" in window.text("dialog[open]")
    window.click("Stop service")
    window.until(lambda: "Stopped" in window.text("table"), "the service to stop", 60)
    window.go("#/queries")
    run(window, "SELECT 6 * 7 AS answer")
    window.sees("The service is stopped", "[data-test=result]")
    window.click("Start it and run")
    window.until(lambda: cells(window) == ["42"], "the answer", 60)


@pytest.mark.parametrize("ending", ["the key is disabled", "the cookie is gone"])
def test_an_ended_session_loses_nothing(window, own_endpoints, ending):
    api = own_endpoints.api
    key = api.curl("POST", f"{api.organization}/keys", {"name": ending, "roles": ["admin"]}).result
    change = lambda state: api.curl("PATCH", f"{api.organization}/keys/{key['key']['id']}", {"state": state}).result  # noqa: E731
    window.sign_in(key["keyId"], key["keySecret"])
    write(window, "SELECT 6 * 7 AS answer -- half an hour of work")
    if ending == "the cookie is gone":
        window.driver.delete_all_cookies()
    else:
        change("disabled")
    run(window)
    window.sees("Your session has ended", "dialog[open]")
    assert window.js("return document.querySelector('.CodeMirror').CodeMirror.getValue()").endswith("half an hour of work")
    assert window.axe() == []
    window.press(Keys.ESCAPE)
    assert window.text("dialog[open]"), "the page behind it has no session: the dialog stays"
    window.fill("Key id", key["keyId"])
    window.fill("Key secret", key["keySecret"])
    if ending == "the key is disabled":
        window.click("Sign in", tags="button")
        window.sees("the key is disabled", "dialog[open] [role=alert]")
        change("enabled")
    window.click("Sign in", tags="button")
    window.until(lambda: not window.text("dialog[open]"), "the dialog to go")
    assert window.js("return document.querySelector('.CodeMirror').CodeMirror.getValue()").endswith("half an hour of work")
    run(window)
    window.until(lambda: cells(window) == ["42"], "the answer")


def test_an_ended_session_is_seen_without_a_click(window, own_endpoints):
    """By the stream of live data alone; and after signing in again it flows."""
    api = own_endpoints.api
    key = api.curl("POST", f"{api.organization}/keys", {"name": "live", "roles": ["admin"]}).result
    path = f"{api.organization}/keys/{key['key']['id']}"
    window.sign_in(key["keyId"], key["keySecret"])
    window.visit("#/services")
    assert api.curl("PATCH", path, {"state": "disabled"}).status == 200
    window.sees("Your session has ended", "dialog[open]")
    api.curl("PATCH", path, {"state": "enabled"})
    window.fill("Key id", key["keyId"])
    window.fill("Key secret", key["keySecret"])
    window.click("Sign in", tags="button")
    window.until(lambda: not window.text("dialog[open]"), "the dialog to go")
    api.curl("PATCH", f"{api.service}/state", {"command": "stop"})
    window.until(lambda: "Stopped" in window.text("table"), "the state of the service", 60)
    api.curl("PATCH", f"{api.service}/state", {"command": "start"})
    window.until(lambda: "Running" in window.text("table"), "the state of the service", 60)


def test_a_failing_pipe_says_why_and_goes_on(browser, penstock, moto, bucket, table, api, sql):
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="1.json", Body=lines([{"id": 1}]))
    pipe = api.create_pipe(s3_pipe(
        moto, bucket, "*.json", table, name="Orders", columns=[{"name": "id", "type": "UInt64"}], source={"isContinuous": True},
        settings={"object_storage_polling_interval_ms": 1000}))
    wait_until(lambda: len(api.get(f"{api.pipes}/{pipe}/files").result) == 1, 30, "the first file")
    browser.sign_in(*admin(penstock))
    browser.go(f"#/pipes/{pipe}")
    browser.css('.page-head [data-state="Running"]', timeout=30)

    sql.text(f"DROP TABLE {table} SYNC")
    s3.put_object(Bucket=bucket, Key="2.json", Body=lines([{"id": 2}]))
    browser.css('.page-head [data-state="Failed"]', timeout=60)
    assert table in browser.text('[data-test="state-message"]')
    assert "gone" in browser.text('[data-test="advice"]') and "start the pipe" in browser.text('[data-test="advice"]')
    browser.sees("Last errors of the log", "[role=tabpanel]")
    assert browser.axe() == []
    browser.click("See the log", within=".trouble")
    browser.until(lambda: table in browser.text('.log-line[data-level="error"]'), "the error in the log")
    browser.go("#/pipes")
    browser.until(lambda: "Failed" in browser.text(f'tr[data-pipe="{pipe}"]') and table in browser.text(f'tr[data-pipe="{pipe}"]'), "the message in the list")

    # What the advice says mends it.
    browser.go(f"#/pipes/{pipe}")
    sql.text(f"CREATE TABLE {table} (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 10000")
    browser.click("Start", within=".page-head")
    browser.css('.page-head [data-state="Running"]', timeout=30)
    wait_until(lambda: sql.value(f"SELECT groupArray(id) FROM {table}") == [2], 30, "the row that waited")
    browser.until(lambda: not browser.text('[data-test="state-message"]'), "the message to go")
    assert browser.problems() == []
    api.curl("DELETE", f"{api.pipes}/{pipe}")
