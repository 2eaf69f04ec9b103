"""The guide to query API endpoints, done by hand in the console on real data: write, run, save, publish, call, watch."""

import re
import subprocess

import flights
import pytest
from browser import Browser
from selenium.webdriver.common.keys import Keys
from servers import random_name, wait_until

SQL = "SELECT dest, count() AS flights, round(avg(arr_delay), 1) AS delay FROM {table} WHERE month = {{month:UInt8}} AND origin = {{origin:String}} " \
    "GROUP BY dest ORDER BY delay DESC LIMIT 10"


@pytest.fixture(scope="module")
def table(sql):
    name = random_name("flights_")
    assert flights.load(sql, name) == 336_776
    yield name
    sql.text(f"DROP TABLE {name}")


# From end to end and back in 120 frames, each far from the one before.
SCROLL = r"""
const done = arguments[arguments.length - 1], grid = document.querySelector(".grid");
const scroller = [grid, ...grid.querySelectorAll("*")].find((node) => node.scrollHeight > node.clientHeight * 50) || grid;
let step = 0;
const next = () => {
    step += 1;
    scroller.scrollTop = scroller.scrollHeight * (step % 2 ? step : 120 - step) / 120;
    step < 120 ? requestAnimationFrame(next) : setTimeout(done, 300);
};
next();"""


def write(browser, sql: str):
    """Types a statement the way a person does; the editor closes brackets by itself and lets one type over them."""
    browser.css(".CodeMirror").click()
    browser.press(Keys.CONTROL, "a")
    browser.press(Keys.DELETE)
    browser.press(sql)
    browser.press(Keys.ESCAPE)
    assert browser.js("return document.querySelector('.CodeMirror').CodeMirror.getValue()") == sql


def cells(browser) -> list[list[str]]:
    """What is seen of the result's table."""
    return browser.js("return [...document.querySelectorAll('.grid [role=row]')].slice(1).map((row) => [...row.querySelectorAll('[role=gridcell]')].map((cell) => cell.textContent))")


@pytest.fixture
def name(api):
    """A name for what is made by hand; nothing of it is left to other tests."""
    chosen = random_name("Worst airports ")
    yield chosen
    for path in (f"{api.service}/query-api-endpoints", f"{api.service}/saved-queries", f"{api.organization}/keys"):
        for one in api.get(path).result:
            if one["name"].startswith(chosen):
                assert api.curl("DELETE", f"{path}/{one['id']}").status == 200


def test_from_a_query_to_an_endpoint_that_is_watched(browser, penstock, sql, table, name):
    expected = sql.rows(SQL.format(table=table).replace("{month:UInt8}", "7").replace("{origin:String}", "'JFK'"))
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.go("#/queries")

    # Parameters appear as they are typed, with inputs that fit their types.
    write(browser, SQL.format(table=table))
    month = browser.field("month")
    assert [month.get_attribute(one) for one in ("type", "min", "max")] == ["number", "0", "255"]
    browser.fill("month", "7")
    browser.fill("origin", "JFK")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.until(lambda: len(cells(browser)) == 10, "ten rows")
    assert [row[-3:] for row in cells(browser)] == [[row["dest"], str(row["flights"]), str(row["delay"])] for row in expected]
    assert "10 rows" in browser.text("[data-test=result-status]")

    # A value outside its type is refused beside its field, before anything runs.
    browser.fill("month", "300")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.until(lambda: browser.text("[data-variable=month] .problem"), "the problem of month")
    browser.fill("month", "7")

    # Saved under a name; the address is a permalink with the values.
    browser.click("Save", within=".editor-bar")
    browser.css("dialog[open]")
    browser.fill("Name", name)
    browser.click("Save query")
    browser.until(lambda: re.search(r"#/queries/[0-9a-f-]{36}\?.*param_month=7", browser.js("return location.hash")), "the permalink")
    saved = browser.js("return location.hash")

    # Published for a new key and one origin.
    browser.click("Share")
    browser.click("API endpoint…")
    browser.click("Create a key")
    browser.fill("Key name", f"{name} caller")
    browser.click("Create key")
    secret = [browser.css(f"[data-test={one}]").text for one in ("key-id", "key-secret")]
    assert len(secret[1]) == 43
    browser.fill("Allowed origins", "https://app.example.com")
    browser.click("Create endpoint")
    url = browser.css("[data-test=endpoint-url]").text
    assert re.fullmatch(re.escape(penstock.base) + r"/run/[0-9a-f-]{36}", url)
    sample = browser.until(lambda: browser.text("dialog [aria-label=Samples] pre"), "the samples")
    assert sample.startswith("curl") and url in sample and "param_month" in sample
    browser.click("Done")

    # Called outside the browser: what the sample says, and what a page of the origin may do.
    call = ["curl", "-sS", "-u", ":".join(secret), "-H", "Origin: https://app.example.com", "-D", "-", f"{url}?format=JSONEachRow&param_month=7&param_origin=JFK"]
    answer = subprocess.run(call, capture_output=True, text=True, check=True, timeout=30).stdout
    assert "access-control-allow-origin: https://app.example.com" in answer.lower()
    assert [line for line in answer.splitlines() if line.startswith("{")][0].startswith('{"dest":"' + expected[0]["dest"])
    done = subprocess.run(["bash", "-c", sample], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "error" not in done.stdout[:20], (sample.replace(secret[1], "…"), done.stdout[:300], done.stderr[:300])

    # The button appears beside Share, and the fly-out shows the calls.
    browser.click("Monitoring")
    browser.sees("Requests", "dialog.flyout")
    browser.until(lambda: "200" in browser.text("dialog.flyout table[aria-label^='Last calls'], dialog.flyout"), "a call with status 200")
    browser.sees(f"{name} caller", "dialog.flyout")
    assert browser.axe() == []
    browser.press(Keys.ESCAPE)

    # The permalink alone brings query and values back.
    browser.open("/" + saved)
    browser.until(lambda: browser.field("month").get_attribute("value") == "7", "the value of the permalink")
    assert browser.problems() == []


def test_a_statement_is_cancelled_and_its_rows_stay(browser, penstock, sql):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    write(browser, "SELECT number, sleepEachRow(0.02) FROM numbers(2000) SETTINGS max_block_size = 10")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.until(lambda: len(cells(browser)) > 2, "the first rows")
    browser.click("Cancel")
    browser.until(lambda: "ancel" in browser.text("[data-test=result]"), "that it was cancelled")
    assert len(cells(browser)) > 2
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.02)%' AND query NOT LIKE '%system.processes%'"
    browser.until(lambda: sql.value(running) == 0, "ClickHouse to stop")


def test_an_error_says_where_it_is(browser, penstock):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    write(browser, "SELECT 1 FORM numbers(3)")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.sees("Syntax error", "[data-test=result-error]")
    assert browser.js("return document.querySelectorAll('.CodeMirror .cm-error, .CodeMirror [class*=error-mark], .CodeMirror .sql-error').length") >= 1


def test_a_million_rows_scroll_without_blocking(browser, penstock):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    write(browser, "SELECT number, toString(cityHash64(number)) AS hash, now() + number AS time FROM numbers(1000000)")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.until(lambda: "1,000,000" in browser.text("[data-test=result-status]"), "a million rows", 60)
    # Other programs on the same cores make tasks longer, never shorter: one calm pass of three shows what the page itself needs.
    longest = []
    for _ in range(3):
        browser.long_tasks()
        browser.driver.execute_async_script(SCROLL)
        longest.append(max(browser.long_tasks(), default=0))
        if longest[-1] <= 100:
            break
    assert min(longest) <= 100, longest
    browser.css(".grid").click()
    browser.press(Keys.CONTROL, Keys.END)
    browser.until(lambda: any("999999" in cell.replace(",", "") for row in cells(browser) for cell in row), "the last row")


# What is sent to run from now on, what is copied, and the clocks that tick while something runs.
WATCH = r"""
window.sent = []; window.copied = null; window.clocks = new Set();
const { fetch, setInterval, clearInterval } = window;
window.fetch = (path, options) => { if (String(path).includes("/run?")) window.sent.push(JSON.parse(options.body).sql); return fetch(path, options); };
window.setInterval = (work, time) => { const id = setInterval(work, time); if (time === 200) window.clocks.add(id); return id; };
window.clearInterval = (id) => { window.clocks.delete(id); clearInterval(id); };
navigator.clipboard.writeText = async (text) => { window.copied = text; };"""


def put(browser, sql: str, line: int = 0, column: int = 0):
    """The statement as if pasted, with the cursor at a place."""
    browser.css(".CodeMirror")
    browser.js("const pad = document.querySelector('.CodeMirror').CodeMirror; pad.setValue(arguments[0]); pad.setCursor(arguments[1], arguments[2]); pad.focus()",
               sql, line, column)


def watched(browser, penstock):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.css(".CodeMirror")
    browser.js(WATCH)


def test_a_result_that_is_cut_off_says_so(browser, penstock):
    watched(browser, penstock)
    put(browser, "SELECT number FROM numbers(2100000)")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.sees("Shown in part", "[data-test=result-status]", 60)
    browser.sees("The first 2,000,000 rows are shown", "[data-test=result]")


def test_keys_run_what_they_say_and_only_once(browser, penstock):
    watched(browser, penstock)
    # Right behind the semicolon is still the first statement.
    put(browser, "SELECT 1 AS one;\nSELECT 2 AS two", 0, 16)
    browser.press(Keys.CONTROL, Keys.SHIFT, Keys.ENTER)
    browser.until(lambda: len(cells(browser)) == 1, "one row")
    assert [sql for sql in browser.js("return window.sent") if re.search("AS (one|two)", sql)] == ["SELECT 1 AS one"]
    # A key that is held down runs the statement once.
    put(browser, "SELECT 'C:\\\\dir' AS path, NULL AS nothing")
    for repeats in (False, True, True, True):
        browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {
            "type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "modifiers": 2, "autoRepeat": repeats})
    browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "modifiers": 2})
    browser.until(lambda: any("C:\\dir" in row for row in cells(browser)), "the path")
    assert len([sql for sql in browser.js("return window.sent") if "AS path" in sql]) == 1
    # One cell is copied as it is, several as tab-separated text.
    for item, expected in (("Cell", "C:\\dir"), ("Row", "C:\\\\dir\t\\N")):
        browser.js("window.copied = null")
        browser.menu("Copy", item)
        assert browser.until(lambda: browser.js("return window.copied"), "something copied") == expected
    # An address that was cut off in the midst of an escape.
    browser.go("#/pipes/%E0%A4")
    browser.sees("No such page", "main")
    assert browser.problems() == []


def test_a_new_name_and_a_click_on_save_store_both(browser, penstock, api, name):
    saved = api.curl("POST", f"{api.service}/saved-queries", {"name": name, "sql": "SELECT 1", "database": "default", "parameters": {}}).json["result"]
    watched(browser, penstock)
    browser.go(f"#/queries/{saved['id']}")
    browser.until(lambda: browser.js("return document.querySelector('.CodeMirror')?.CodeMirror.getValue()") == "SELECT 1", "the saved query")
    put(browser, "SELECT 2")
    browser.css("[data-test=query-title]").click()
    browser.press(Keys.END)
    browser.press(" anew")
    browser.css("[data-test=save]").click()
    stored = lambda: api.get(f"{api.service}/saved-queries/{saved['id']}").result  # noqa: E731
    browser.until(lambda: (stored()["name"], stored()["sql"]) == (f"{name} anew", "SELECT 2"), "the name and the statement to be stored")


def test_a_result_nobody_holds_ends(browser, penstock):
    watched(browser, penstock)
    # Another run in the place of one that is under way leaves nothing ticking.
    put(browser, "SELECT sleepEachRow(0.05) FROM numbers(1000) SETTINGS max_block_size = 1")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.until(lambda: browser.js("return window.clocks.size") == 1, "the clock of a running statement")
    browser.until(lambda: cells(browser), "its first rows")
    put(browser, "SELECT 6 * 7")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.sees("Done", "[data-test=result-status]")
    browser.until(lambda: browser.js("return window.clocks.size") == 0, "all clocks to stop")
    # Where the worker cannot be loaded, that is said.
    browser.js("const Own = Worker; window.Worker = class extends Own { constructor(url, options) { super(location.origin + '/console/editor/no-such-worker.js', options); } }")
    browser.press(Keys.CONTROL, Keys.ENTER)
    browser.sees("could not be loaded", "[data-test=result-error]")
    assert browser.js("return window.clocks.size") == 0


def test_what_a_stopped_service_did_not_run_is_run_once_it_starts(own_endpoints, tmp_path):
    api = own_endpoints.api
    window = Browser(api.penstock.base, tmp_path)
    try:
        watched(window, api.penstock)
        put(window, "SELECT 42 AS answer")
        window.press(Keys.CONTROL, Keys.ENTER)
        window.until(lambda: any("42" in row for row in cells(window)), "the answer")
        api.curl("PATCH", f"{api.service}/state", {"command": "stop"})
        wait_until(lambda: api.get(api.service).result["state"] == "stopped", 60, "the service to stop")
        # The sentence about a stopped service is no file.
        window.menu("Download", "Another format…")
        window.js("delete window.showSaveFilePicker; window.showSaveFilePicker = undefined")
        window.click("Download", within="dialog[open]", tags="button")
        window.sees("The service is stopped. Start it", "dialog[open]")
        window.click("Cancel", within="dialog[open]")
        # All that was asked for runs then, not only the first.
        put(window, "SELECT 1 AS one; SELECT 2 AS two; SELECT 3 AS three")
        window.press(Keys.CONTROL, Keys.ENTER)
        window.sees("The service is stopped", "[data-test=result]")
        window.click("Start it and run")
        window.until(lambda: window.js("return document.querySelectorAll('.result-tabs [role=tab]').length") == 3, "three results", 60)
        window.until(lambda: any("3" in row for row in cells(window)), "the last of them")
    finally:
        window.close()


def test_a_rename_in_the_list_hides_nobody_elses_change(browser, penstock, api, name):
    body = {"name": name, "sql": "SELECT 1", "database": "default", "parameters": {}}
    path = f"{api.service}/saved-queries/" + api.curl("POST", f"{api.service}/saved-queries", body).json["result"]["id"]
    watched(browser, penstock)
    browser.go(f"#/queries/{path.rsplit('/', 1)[1]}")
    browser.until(lambda: browser.js("return document.querySelector('.CodeMirror')?.CodeMirror.getValue()") == "SELECT 1", "the saved query")
    put(browser, "SELECT 'mine'")
    assert api.curl("PUT", path, {**body, "sql": "SELECT 'theirs'"}).status == 200
    browser.tab("queries")
    browser.menu(f"More for {name}", "Rename…")
    browser.fill("Name", f"{name} anew")
    browser.press(Keys.ENTER)
    browser.until(lambda: api.get(path).result["name"] == f"{name} anew", "the new name")
    browser.until(lambda: not browser.js("return document.querySelector('dialog[open]')"), "the dialog to close")
    browser.click("Save", within=".editor-bar", tags="button")
    browser.sees("Changed by somebody else", "dialog[open]")
    assert "theirs" in browser.text("dialog[open]") and api.get(path).result["sql"] == "SELECT 'theirs'"


def test_another_service_is_chosen_only_if_the_form_may_be_left(browser, penstock):
    watched(browser, penstock)
    browser.go("#/pipes/new")
    browser.css('[data-kind="objectStorage"]').click()
    browser.fill_path("name", "Half filled")
    choose = "const one = document.querySelector('.sidebar select'); one.dispatchEvent(new Event('change')); return one.value"
    service = browser.js(choose)
    browser.sees("Leave the form?", "dialog[open]")
    browser.click("Cancel", within="dialog[open]")
    browser.until(lambda: not browser.js("return document.querySelector('dialog[open]')"), "the dialog to close")
    assert browser.path_field("name").get_attribute("value") == "Half filled"
    assert browser.js(choose) == service
    browser.click("Leave", within="dialog[open]")
    browser.until(lambda: not browser.js("return [...document.querySelectorAll('input')].some((one) => one.value === 'Half filled')"), "an empty form")


def test_tables_that_cannot_be_read_say_why(browser, penstock):
    watched(browser, penstock)
    browser.until(lambda: browser.js("return document.querySelectorAll('.tree [data-test=tree-database]').length"), "the databases")
    browser.js(r"""
        const { fetch } = window;
        window.asked = 0;
        window.fetch = (path, options) => {
            if (!String(options?.body).includes("FROM system.tables")) return fetch(path, options);
            window.asked += 1;
            return Promise.resolve(new Response("Too many at the same time", { status: 429 }));
        };""")
    browser.click("Read the tables anew", tags="button")
    browser.sees("Too many at the same time", ".tree")
    assert "No tables yet" not in browser.text(".tree")
    # Every letter in the filter would else ask all of them again.
    databases = browser.js("return document.querySelectorAll('.tree [data-test=tree-database]').length")
    for letter in "abc":
        browser.css("[aria-label='Filter tables']").send_keys(letter)
        browser.until(lambda: browser.js("return window.asked") == databases, "each database to be asked once")
        browser.js("return new Promise((resolve) => setTimeout(resolve, 300))")
    assert browser.js("return window.asked") == databases
