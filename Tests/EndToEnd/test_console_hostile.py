"""Names, values and messages that hold markup, scripts, endless words or reversed text: the console shows all of it as text."""

import json

import pytest
from browser import Browser
from console_data import call, make_key, publish, save_query
from files import s3_pipe
from selenium.webdriver.common.keys import Keys
from servers import wait_until

IMAGE = "<img src=x onerror=window.hacked=1>"
HOSTILE = {
    "image": IMAGE, "script": "<script>window.hacked=1</script>", "svg": '"><svg onload=window.hacked=1>',
    "template": "{{constructor.constructor('window.hacked=1')()}}", "long": "Rindfleischetikettierungs" * 5, "reversed": "\u202egnp.exe\u202c \u2066tac\u2069"}
NAMES = list(HOSTILE.values())
# Elements that only a name, value or message can have brought.
FOREIGN = "return [...document.querySelectorAll('img[src=x], img[onerror], svg[onload], body script, iframe, object')].map((node) => node.outerHTML)"


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def named(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Hostile:
    """Everything that can have a name has each of them."""

    def __init__(self, api, sql, moto, bucket):
        self.api, s3 = api, moto.client("s3")
        columns = ", ".join(f"{named(name)} String COMMENT {quoted(name)}" for name in NAMES)
        values = ", ".join(quoted(name) for name in NAMES)
        for name in NAMES:
            sql.text(f"CREATE TABLE {named(name)} ({columns}, amount UInt64) ENGINE = MergeTree ORDER BY amount COMMENT {quoted(name)}")
            sql.text(f"INSERT INTO {named(name)} VALUES ({values}, 1), ({values}, 2)")
        self.statement = f"SELECT *, {{word:String}} AS word FROM {named(IMAGE)} -- {IMAGE}"
        self.queries = [save_query(api, f"{name.replace('/', '|')}/{name}", self.statement, {"word": name}) for name in NAMES]
        self.keys = [make_key(api, name, roles=["query_endpoints"]) for name in NAMES]
        self.endpoints = [publish(api, name, self.statement, key["id"], parameters={"word": name}) for name, key in zip(NAMES, self.keys)]
        for key, endpoint in zip(self.keys, self.endpoints):
            assert call(endpoint, key, {"queryVariables": {"word": IMAGE}}) == 200
            assert call(endpoint, key, {"format": IMAGE}) == 400
        self.url = f"{moto.url}/{bucket}/*.json"
        s3.put_object(Bucket=bucket, Key="a.json", Body="".join(json.dumps(row) + "\n" for row in [
            {"id": 1, **{name: name for name in NAMES}}, {"id": IMAGE, **{name: name for name in NAMES}}]).encode())
        self.pipes = []
        for index, name in enumerate(NAMES):
            body = s3_pipe(
                moto, bucket, "*.json", f"hostile_{index}", name=name, columns=[{"name": "id", "type": "UInt64"}, {"name": name, "type": "String"}])
            self.pipes.append(api.create_pipe(body))
        # Waits with a message in which ClickHouse names the markup.
        stuck = s3_pipe(
            moto, bucket, "*.json", "stuck", name=f"stuck {IMAGE}", columns=[{"name": IMAGE, "type": "String"}], source={"isContinuous": True},
            settings={"object_storage_polling_interval_ms": 1000})
        self.stuck = api.create_pipe(stuck)
        wait_until(lambda: len(api.get(f"{api.pipes}/{self.stuck}/files").result) == 1, 30, "the first file")
        sql.text("DROP TABLE stuck SYNC")
        sql.text("CREATE TABLE stuck (other String) ENGINE = MergeTree ORDER BY other SETTINGS non_replicated_deduplication_window = 10000")
        s3.put_object(Bucket=bucket, Key="b.json", Body=json.dumps({IMAGE: "x"}).encode())
        api.wait_state(self.stuck, "Failed")
        for pipe in self.pipes:
            api.wait_state(pipe, "Completed")
        self.service = IMAGE
        api.curl("PATCH", api.service, {"name": IMAGE}).result


@pytest.fixture(scope="module")
def hostile(own_endpoints, moto):
    bucket = "hostile-names"
    moto.client("s3").create_bucket(Bucket=bucket)
    return Hostile(own_endpoints.api, own_endpoints.sql, moto, bucket)


@pytest.fixture
def window(own_endpoints, hostile, tmp_path):
    browser = Browser(own_endpoints.api.penstock.base, tmp_path)
    credentials = own_endpoints.api.penstock.credentials
    browser.sign_in(credentials["keyId"], credentials["keySecret"])
    yield browser
    browser.close()


def shows(browser, texts, selector: str = "main"):
    """All of these are there to be read, and none of them did anything."""
    browser.until(lambda: all(text in browser.text(selector) for text in texts), f"{texts} as text in {selector}")
    harmless(browser)


def harmless(browser):
    assert browser.js("return window.hacked === undefined") and browser.js(FOREIGN) == []
    assert browser.problems() == []


def menu(browser, button: str, item: str, *texts: str):
    """The dialog behind an item of a menu shows these texts; it is closed again."""
    browser.menu(button, item)
    shows(browser, texts, "dialog[open]")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.text("dialog[open]"), "the dialog to close")


def test_lists_and_their_dialogs(window, hostile):
    window.visit("#/pipes")
    shows(window, [*NAMES, f"stuck {IMAGE}"])
    menu(window, f"Actions for {IMAGE}", "Delete…", f"Delete {IMAGE}?")
    assert IMAGE in window.text(f'tr[data-pipe="{hostile.stuck}"] .message'), "the message of the failed pipe"
    window.visit("#/endpoints")
    shows(window, NAMES)
    menu(window, f"Actions of {HOSTILE['script']}", "Delete", f"“{HOSTILE['script']}”")
    menu(window, f"Actions of {HOSTILE['svg']}", "Monitoring", HOSTILE["svg"])
    window.visit("#/keys")
    shows(window, NAMES)
    menu(window, f"Actions of {HOSTILE['template']}", "Delete", f"Type {HOSTILE['template']} to go on")
    menu(window, f"Actions of {IMAGE}", "Rotate", IMAGE)
    window.menu(f"Actions of {HOSTILE['script']}", "Disable")
    window.click("Disable", tags="button")
    shows(window, [f"“{HOSTILE['script']}” is disabled"], "#toasts")
    window.visit("#/services")
    shows(window, [IMAGE])
    menu(window, f"Actions of {IMAGE}", "Stop", f"Stop {IMAGE}?")
    menu(window, f"Actions of {IMAGE}", "Rename", f"Rename {IMAGE}")
    window.visit("#/activity")
    shows(window, [IMAGE, HOSTILE["svg"]])
    assert IMAGE not in window.driver.title or window.js("return document.querySelector('title').children.length") == 0


def test_every_tab_of_pipes_and_endpoints(window, hostile, own_endpoints):
    api = own_endpoints.api
    for name, pipe in [*zip(NAMES, hostile.pipes), (f"stuck {IMAGE}", hostile.stuck)]:
        for tab in ("overview", "progress", "errors", "log", "settings", "raw"):
            window.visit(f"#/pipes/{pipe}?tab={tab}")
            shows(window, [name], "h1")
            window.css(f'[role=tab][data-tab="{tab}"][aria-selected=true]')
            harmless(window)
    shows(window, [IMAGE], "[role=tabpanel]")
    window.tab("log")
    window.until(lambda: IMAGE in window.text(".log-line[data-level=error]"), "the message in the log")
    assert IMAGE in window.text('[data-test="state-message"]')
    # The record that could not be written.
    assert api.get(f"{api.pipes}/{hostile.pipes[0]}/errors").result
    window.visit(f"#/pipes/{hostile.pipes[0]}?tab=errors")
    window.click("Inspect", within="main")
    window.until(lambda: "Record that was left out" in window.text("dialog[open]"), "the record")
    harmless(window)
    for name, endpoint in zip(NAMES, hostile.endpoints):
        for tab in ("overview", "try", "settings", "history", "monitoring", "openapi"):
            window.visit(f"#/endpoints/{endpoint['id']}?tab={tab}")
            shows(window, [name], "h1")
            window.css(f'[role=tab][data-tab="{tab}"][aria-selected=true]')
            if tab in ("overview", "history"):
                window.until(lambda: IMAGE in window.text("[role=tabpanel]"), f"the SQL on the tab {tab}")
            harmless(window)
    service = api.service.rsplit("/", 1)[1]
    window.visit(f"#/services/{service}")
    shows(window, [IMAGE], "h1")
    shows(window, [f"default.{name}" for name in NAMES])


def test_the_editor(window, hostile):
    window.visit("#/queries")
    # The tree of tables and their columns.
    window.until(lambda: all(name in window.text("[role=tree]") for name in NAMES), "the tables")
    item = window.js("return [...document.querySelectorAll('[role=treeitem]')].find((one) => one.dataset.key === `default.${arguments[0]}`)", IMAGE)
    window.js("arguments[0].querySelector('.twist').dispatchEvent(new MouseEvent('click', {bubbles: true}))", item)
    window.until(lambda: all(f"\n{name}\nString" in window.text("[role=tree]") for name in NAMES), "its columns")
    harmless(window)
    # Saved queries in folders, opened, with their variables.
    window.click("Queries", tags="[role=tab]")
    shows(window, [name.rpartition("/")[2] for name in NAMES], "[aria-label='Saved queries']")
    shows(window, [HOSTILE["svg"], HOSTILE["template"]], "[aria-label='Saved queries'] summary, [aria-label='Saved queries']")
    menu(window, f"More for {IMAGE}/{IMAGE}", "Delete…", f"Delete “{IMAGE}/{IMAGE}”?")
    for name, query in zip(NAMES, hostile.queries):
        window.visit(f"#/queries/{query}")
        window.until(lambda: window.field("word").get_attribute("value") == name, "the variable")
        harmless(window)
    shows(window, [IMAGE], ".CodeMirror")
    # Results: headings, cells, the cell inspector, chart, download.
    window.press(Keys.CONTROL, Keys.ENTER)
    window.until(lambda: "2 rows" in window.text("[data-test=result-status]"), "the result")
    seen = "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)"
    for selector in (".grid [role=columnheader]", ".grid [role=gridcell]"):
        assert any(IMAGE in text for text in window.js(seen, selector)), selector
    window.css("[data-test=inspect]").click()
    window.until(lambda: window.text("[data-test=cell-value]") in NAMES, "the value")
    harmless(window)
    window.press(Keys.ESCAPE)
    window.click("Chart", within=".result-tools", tags="button")
    window.css(".result-chart canvas[aria-label]")
    assert all(name in window.text(".chart-controls") for name in NAMES)
    window.fill("Title", IMAGE)
    harmless(window)
    # Dialogs of the query, and an error that repeats it.
    window.menu("Share", "API endpoint…")
    window.until(lambda: len(window.text("dialog[open]")) > 200, "the dialog")
    harmless(window)
    window.press(Keys.ESCAPE)
    window.js("document.querySelector('.CodeMirror').CodeMirror.setValue(arguments[0])", f"SELECT {named(IMAGE)} FROM {named(HOSTILE['svg'] + '?')}")
    window.click("Run", within=".editor-bar", tags="button")
    window.until(lambda: HOSTILE["svg"] in window.text("[data-test=result-error]") or IMAGE in window.text("[data-test=result-error]"), "the error")
    harmless(window)


def test_the_form_of_a_pipe(window, hostile):
    window.visit("#/pipes/new")
    window.css('[data-kind="objectStorage"]').click()
    for path, value in {"name": "new", "source.objectStorage.url": hostile.url, "source.objectStorage.accessKey.accessKeyId": "a",
                        "source.objectStorage.accessKey.secretKey": "b"}.items():
        window.fill_path(path, value)
    window.click("Next", tags="button")
    window.click("Test connection")
    window.css(".sample .notice.good")
    shows(window, NAMES, ".sample")
    window.click("Next", tags="button")
    window.click("Existing table", tags="label")
    options = "return [...document.querySelectorAll('.field[data-path=\"destination.table\"] option')].map((one) => one.textContent)"
    window.until(lambda: any(IMAGE in text for text in window.js(options)), "the tables")
    window.click("New table", tags="label")
    window.click("Next", tags="button")
    window.click("Next", tags="button")
    shows(window, [IMAGE, HOSTILE["long"]], ".step")


def test_nothing_of_it_widens_a_narrow_page(window, hostile, own_endpoints):
    window.resize(390, 844)
    service = own_endpoints.api.service.rsplit("/", 1)[1]
    pipe, endpoint = (made[NAMES.index(HOSTILE["long"])] for made in (hostile.pipes, hostile.endpoints))
    pages = ["#/queries", f"#/queries/{hostile.queries[4]}", "#/pipes", "#/endpoints", "#/keys", "#/services", f"#/services/{service}", "#/activity",
             *(f"#/pipes/{pipe}?tab={tab}" for tab in ("overview", "progress", "errors", "log", "settings", "raw")), f"#/pipes/{hostile.stuck}",
             *(f"#/endpoints/{endpoint['id']}?tab={tab}" for tab in ("overview", "try", "settings", "history", "monitoring", "openapi"))]
    for page in pages:
        window.visit(page)
        assert window.overflow() == [], page
        harmless(window)
