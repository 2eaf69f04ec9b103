"""Who may do what in the console: a viewer, the one-time link, the end of a session, pages of other origins."""

import functools
import http.server
import re
import threading

import pytest
from browser import Browser
from console_data import flights_pipe, make_key, publish, put_flights, typed_flights, viewer
from selenium.webdriver.common.keys import Keys
from servers import random_name

# Buttons and menu items that change something on the server.
CHANGES = r"^(Start|Stop|Resync|Delete|Create|New (key|endpoint)|Save|Rename|Send|Rewind|Publish|Edit|Change the|Rotate|Disable|Enable|Restore|Roll back|Remove|Add|Make)"

# All that is there to be pressed: name, whether it can be.
CONTROLS = r"""
return [...document.querySelectorAll("main button, main a.button, .menu button, main input[type=checkbox], main input[type=radio]")]
    .filter((node) => node.getClientRects().length).map((node) => [(node.getAttribute("aria-label") || node.textContent || node.value).trim(), !node.disabled && !node.closest("fieldset:disabled")])"""

REQUEST = r"""
const [method, path, headers, body, done] = arguments;
fetch(path, {method, headers, body: body === null ? undefined : body, credentials: "include"})
    .then(async (answer) => done([answer.status, await answer.text()]), (error) => done(["refused", String(error)]))"""

# Without it a refusal makes the browser ask for a password by itself.
NO_PROMPT = {"X-Requested-With": "a test"}


def request(browser, method: str, path: str, headers=None, body: str | None = None) -> list:
    """What a script of the page gets for a request with the session."""
    return browser.driver.execute_async_script(REQUEST, method, path, headers or {}, body)


def token(browser) -> str:
    return browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1]; fetch('/console/session').then((a) => a.json()).then((a) => done(a.result.csrfToken))")


@pytest.fixture
def shown(api, sql, moto, bucket):
    """A pipe, an endpoint, and a viewer's key."""
    table = random_name("seen_")
    put_flights(moto.client("s3"), bucket, typed_flights(1000), 1)
    pipe = api.create_pipe(flights_pipe(moto, bucket, table, "Seen by all", continuous=True))
    caller = make_key(api, "caller", roles=["query_endpoints"])
    endpoint = publish(api, "Seen too", "SELECT {a:UInt8} AS a", caller["id"])
    key = viewer(api, random_name("Viewer "))
    yield {"pipe": pipe, "endpoint": endpoint["id"], **key}
    api.curl("DELETE", f"{api.pipes}/{pipe}")
    api.curl("DELETE", f"{api.service}/query-api-endpoints/{endpoint['id']}")
    for one in (key, caller):
        api.curl("DELETE", f"{api.organization}/keys/{one['id']}")
    api.curl("DELETE", f"{api.organization}/roles/{key['roleId']}")
    sql.text(f"DROP TABLE IF EXISTS {table}")


def test_a_viewer_sees_and_cannot_change(browser, shown, api):
    browser.sign_in(shown["keyId"], shown["keySecret"])
    service = api.service.rsplit("/", 1)[1]
    name = api.get(api.service).result["name"]
    pages = {
        "#/pipes": "Seen by all", f"#/pipes/{shown['pipe']}": "Seen by all", f"#/pipes/{shown['pipe']}?tab=settings": "You see these settings",
        f"#/pipes/{shown['pipe']}?tab=errors": "No record was left out", "#/pipes/new": "may not create pipes", "#/endpoints": "Seen too",
        f"#/endpoints/{shown['endpoint']}": "Seen too", f"#/endpoints/{shown['endpoint']}?tab=settings": "may not manage",
        f"#/endpoints/{shown['endpoint']}?tab=history": "Version", "#/services": name, f"#/services/{service}": name, "#/queries": "may not run SQL",
        "#/keys": "may not see keys", "#/activity": "may not see the activity"}
    offered = []
    for path, text in pages.items():
        browser.visit(path)
        browser.sees(text, "main")
        offered += [f"{path}: {control}" for control, enabled in browser.js(CONTROLS) if enabled and re.match(CHANGES, control)]
        for menu in browser.js("return [...document.querySelectorAll('main button')].map((one) => one.getAttribute('aria-label') || '')"):
            if re.match(r"Actions (for|of) |More actions", menu):
                browser.click(menu, tags="button")
                browser.css(".menu button, .menu")
                offered += [f"{path}, {menu}: {control}" for control, enabled in browser.js(CONTROLS) if enabled and re.match(CHANGES, control)]
                browser.js("document.querySelector('.menu').dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))")
        assert browser.axe() == [], path
    assert offered == []
    assert browser.problems() == []

    # The server does not rely on what is shown.
    headers = {"Content-Type": "application/json", "X-CSRF-Token": token(browser)}
    for method, path, body in [
            ("PATCH", f"{api.pipes}/{shown['pipe']}/state", '{"command": "stop"}'), ("DELETE", f"{api.pipes}/{shown['pipe']}", None),
            ("POST", api.pipes, "{}"), ("PATCH", f"{api.service}/state", '{"command": "stop"}'),
            ("DELETE", f"{api.service}/query-api-endpoints/{shown['endpoint']}", None), ("POST", f"{api.organization}/keys", '{"name": "x", "roles": ["admin"]}')]:
        status, text = request(browser, method, path, headers, body)
        assert status == 403, (method, path, status, text)
    assert api.pipe(shown["pipe"])["state"] == "Running"


def test_the_link_of_the_terminal_signs_in_once(own_endpoints, tmp_path):
    penstock = own_endpoints.api.penstock
    link = re.search(r"http://\S+/#/once/[\w-]+", penstock.output()).group(0)
    window = Browser(penstock.base, tmp_path)
    try:
        window.driver.get(link)
        window.css(".shell")
        assert "once" not in window.driver.current_url, "the code does not stay in the address"
        window.driver.delete_all_cookies()
        window.open("/#/pipes")
        window.driver.get("about:blank")
        window.driver.get(link)
        window.sees("used before", ".signin [role=alert]")
        window.field("Key secret")
        assert window.axe() == []
    finally:
        window.close()


def test_signing_out_ends_it(browser, penstock, api):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.go("#/services")
    name = api.get(api.service).result["name"]
    browser.sees(name, "main table")
    [cookie] = [one for one in browser.driver.get_cookies() if one["name"].startswith("penstock-session")]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    browser.click("Sign out")
    browser.field("Key secret")
    assert request(browser, "GET", api.pipes, NO_PROMPT)[0] == 401
    browser.driver.back()
    assert name not in browser.text()
    browser.open("/#/services")
    browser.field("Key secret")
    assert name not in browser.text()
    # Who kept the cookie has nothing: the session is over at the server.
    browser.driver.add_cookie({"name": cookie["name"], "value": cookie["value"], "path": "/"})
    assert request(browser, "GET", api.pipes, NO_PROMPT)[0] == 401


def test_pages_of_other_origins_have_no_session(browser, penstock, api, tmp_path):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    before = api.get(api.service).result["name"]
    body = '{"name": "taken over"}'
    # A page of our own origin that does not know the token: such as one that a script of a stranger got in.
    assert request(browser, "PATCH", api.service, {"Content-Type": "application/json"}, body)[0] == 403
    assert request(browser, "PATCH", api.service, {"Content-Type": "application/json", "X-CSRF-Token": "guessed"}, body)[0] == 403

    # Another port of the same host is another origin, to which the browser sends the cookie all the same.
    (tmp_path / "page").mkdir()
    (tmp_path / "page/index.html").write_text("<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1><iframe></iframe>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "page")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        try:
            browser.driver.get(f"http://127.0.0.1:{elsewhere.server_port}/")
            assert browser.text("h1") == "Elsewhere"
            for method, path, headers, sent in [
                    ("GET", "/console/session", {}, None), ("GET", api.pipes, {}, None), ("PATCH", api.service, {"Content-Type": "application/json"}, body),
                    ("POST", f"{api.service}/saved-queries", {"Content-Type": "text/plain"}, '{"name": "x", "sql": "SELECT 1", "database": "default"}')]:
                status, text = request(browser, method, penstock.base + path, headers, sent)
                assert status == "refused" and before not in text, (method, path, status, text)
            # Not in a frame either, where it could be clicked by a person who sees something else.
            browser.js("document.querySelector('iframe').src = arguments[0]", penstock.base)
            browser.until(lambda: browser.js("try { return document.querySelector('iframe').contentDocument === null } catch { return true }"), "the frame to be loaded")
            browser.driver.switch_to.frame(0)
            assert browser.js("return document.querySelector('#app') === null")
        finally:
            browser.driver.switch_to.default_content()
            elsewhere.shutdown()
    assert api.get(api.service).result["name"] == before
    assert "x" not in [one["name"] for one in api.get(f"{api.service}/saved-queries").result]


@pytest.fixture
def two_keys(api):
    """Two keys that may do everything, `(name, answer of the API)`."""
    names = [random_name("First "), random_name("Second ")]
    made = [api.curl("POST", f"{api.organization}/keys", {"name": name, "roles": ["admin"]}).result for name in names]
    yield list(zip(names, made))
    for one in made:
        api.curl("DELETE", f"{api.organization}/keys/{one['key']['id']}")


def sign_in_elsewhere(browser, key: dict):
    """What another window of the browser does: both have the new cookie, and only that one the new token."""
    status, text = request(browser, "POST", "/console/session", {**NO_PROMPT, "Content-Type": "application/json"},
        f'{{"keyId": "{key["keyId"]}", "keySecret": "{key["keySecret"]}"}}')
    assert status in (200, 201), text


def test_signing_in_elsewhere_does_not_lame_this_window(browser, two_keys, api):
    (_, key), _ = two_keys
    name = api.get(api.service).result["name"]
    browser.sign_in(key["keyId"], key["keySecret"])
    browser.visit("#/services")
    sign_in_elsewhere(browser, key)
    browser.js("window.dispatchEvent(new Event('focus'))")
    browser.menu(f"Actions of {name}", "Rename")
    browser.click("Rename", within="dialog[open] .dialog-foot")
    browser.until(lambda: not browser.text("dialog[open]"), "the change to be taken")
    assert browser.problems() == []


def test_the_dialog_of_an_ended_session_stays(browser, two_keys):
    (before, key), (after, other) = two_keys
    browser.sign_in(key["keyId"], key["keySecret"])
    browser.visit("#/services")
    browser.sees(before, ".sidebar")
    browser.driver.delete_all_cookies()
    browser.go("#/keys")
    browser.sees("Your session has ended", "dialog[open]")
    for _ in range(4):
        browser.press(Keys.ESCAPE)
    browser.sees("Your session has ended", "dialog[open]")
    # With another key nothing of the first one is left: neither its name nor what it was allowed.
    browser.fill("Key id", other["keyId"])
    browser.fill("Key secret", other["keySecret"])
    browser.click("Sign in", tags="button")
    browser.sees(after, ".sidebar")
    assert before not in browser.text(".sidebar") and not browser.text("dialog[open]")


# Changes take a second from here on; reading does not.
SLOW = """
const before = window.fetch;
window.fetch = async (path, options) => {
    if (options?.method === "POST") await new Promise((done) => setTimeout(done, 1500));
    return before(path, options);
};"""


def test_the_secret_of_a_new_key_is_not_lost(browser, penstock, api):
    named = lambda name: [one for one in api.get(f"{api.organization}/keys").result if one["name"] == name]  # noqa: E731
    name = random_name("Once ")
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.visit("#/endpoints")
    browser.js(SLOW)
    browser.click("New endpoint")
    browser.click("Create a key", within="dialog[open]")
    browser.fill("Key name", name)
    # A time of choice that was not chosen is not "never".
    browser.fill("Expires", "date")
    browser.press(Keys.ENTER)
    browser.click("Create key", within=".inline-key")
    browser.sees("Choose a day and a time", ".inline-key")
    assert named(name) == []
    browser.fill("Expires", "7", within=".inline-key")
    browser.field("Key name").click()
    for key in (Keys.ENTER, Keys.ENTER, Keys.ESCAPE, Keys.ESCAPE, Keys.ESCAPE):
        browser.press(key)
    browser.css("dialog[open] [data-test=key-secret]")
    [made] = named(name)
    assert made["expireAt"]
    # Without https and without leave nothing is copied, and nothing else is claimed.
    browser.js("Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false")
    browser.click("Copy key secret", within="dialog[open]")
    browser.sees("Nothing was copied", "#toasts")
    assert "Copied" not in browser.text("#toasts")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.text("dialog[open]"), "the dialog to go: nothing runs any more")
    assert browser.problems() == []
    api.curl("DELETE", f"{api.organization}/keys/{made['id']}")


def test_what_was_written_stands_after_a_look_at_another_tab(browser, penstock, shown):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.visit(f"#/endpoints/{shown['endpoint']}?tab=settings")
    browser.fill("Name", "Half an hour of work", within=".endpoint-form")
    browser.tab("monitoring")
    browser.sees("By key", "main")
    browser.tab("settings")
    assert browser.field("Name", within=".endpoint-form").get_property("value") == "Half an hour of work"
    assert "SELECT" in browser.text(".endpoint-form .CodeMirror")
    for area in ("endpoint", "service"):
        browser.go(f"#/{area}s/abc")
        browser.sees(f"No such {area}", "main h1")
    assert browser.problems() == []


# The next question for settings of a pipe gets no answer.
CUT_ONCE = """
const before = window.fetch;
let cut = false;
window.fetch = (path, options) => {
    if (cut || !/\\/settings/.test(path)) return before(path, options);
    cut = true;
    return Promise.reject(new TypeError("cut"));
};"""


def test_a_tab_that_cannot_be_shown_says_so(browser, penstock, shown):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.visit(f"#/pipes/{shown['pipe']}")
    browser.js(CUT_ONCE)
    browser.tab("settings")
    browser.sees("Penstock does not answer", "[role=tabpanel]")
    assert browser.axe() == []
    browser.click("Try again", within="[role=tabpanel]")
    browser.css("[role=tabpanel] [data-path=name]")
    assert "does not answer" not in browser.text("[role=tabpanel]") and browser.problems() == []


def test_days_of_the_activity_are_those_of_the_reader(browser, penstock):
    browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.visit("#/activity?span=range&from=2026-03-01&to=2026-03-02")
    browser.sees("Nothing happened in this span", "main")
    asked = browser.js("return performance.getEntriesByType('resource').map((one) => decodeURIComponent(one.name)).filter((one) => one.includes('/activities?'))")
    assert "from_date=2026-02-28T15:00:00.000Z&to_date=2026-03-02T14:59:59.999Z" in asked[-1], asked


def test_calls_before_the_span_name_their_key(browser, penstock, api):
    """The last calls are older than what the figures count: their keys are known from the list of keys."""
    name = random_name("caller of old ")
    caller = make_key(api, name, roles=["query_endpoints"])
    endpoint = publish(api, random_name("Old "), "SELECT 1 AS one", caller["id"])
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    browser.visit("#/endpoints")
    browser.js("""
        const [key, before] = [arguments[0], window.fetch];
        const call = {requestId: "r", time: "2026-01-01T00:00:00Z", status: 200, durationMs: 1, apiKeyId: key, resultRows: 1, resultBytes: 1, readRows: 1, version: 1};
        window.fetch = (path, options) => /\\/calls/.test(path)
            ? Promise.resolve(new Response(JSON.stringify({result: [call]}), {status: 200})) : before(path, options);""", caller["id"])
    browser.go(f"#/endpoints/{endpoint['id']}?tab=monitoring")
    browser.until(lambda: name in browser.text("[aria-label='Last calls'] tbody"), "the name of the key")
    api.curl("DELETE", f"{api.service}/query-api-endpoints/{endpoint['id']}")
    api.curl("DELETE", f"{api.organization}/keys/{caller['id']}")


def test_sizes_are_shown_once_the_service_runs(own_endpoints, tmp_path):
    api = own_endpoints.api
    window = Browser(api.penstock.base, tmp_path)
    try:
        window.sign_in(api.penstock.credentials["keyId"], api.penstock.credentials["keySecret"])
        window.visit("#/services")
        assert api.curl("PATCH", f"{api.service}/state", {"command": "stop"}).status == 200
        window.until(lambda: "Stopped" in window.text("table"), "the service to stop", 60)
        window.visit(f"#/services/{api.service.rsplit('/', 1)[1]}")
        window.sees("Sizes are shown while the service runs", "main")
        window.click("Start", within=".page-head", tags="button")
        window.until(lambda: "On disk" in window.text("[aria-label=Size]"), "the sizes", 60)
    finally:
        api.curl("PATCH", f"{api.service}/state", {"command": "start"})
        window.close()
