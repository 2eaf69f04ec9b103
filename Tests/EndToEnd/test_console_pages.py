"""A tour over every page and its dialogs, in both themes, wide and narrow: looked at, free of WCAG violations, quick and quiet."""

import threading

import pytest
from console_data import Sample, flights_pipe, lines, typed_flights
from selenium.webdriver.common.keys import Keys
from servers import random_name

SIZES = {"wide": (1280, 860), "narrow": (390, 844)}


@pytest.fixture(scope="module")
def sample(api, sql, moto):
    bucket = random_name("tour-")
    moto.client("s3").create_bucket(Bucket=bucket)
    data = Sample(api, sql, moto, bucket, random_name("tour_") + "_")
    yield data
    data.remove()


@pytest.fixture
def signed_in(browser, penstock):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    return browser


def write(browser, sql: str):
    browser.css(".CodeMirror")
    browser.js("document.querySelector('.CodeMirror').CodeMirror.setValue(arguments[0])", sql)


def result(browser):
    browser.click("Run", within=".editor-bar", tags="button")
    browser.until(lambda: " rows" in browser.text("[data-test=result-status]"), "the result")
    browser.css(".grid [role=gridcell]")


def chart(browser):
    result(browser)
    browser.click("Chart", within=".result-tools", tags="button")
    browser.css(".result-chart canvas[aria-label]")


def inspect(browser):
    result(browser)
    browser.css("[data-test=inspect]").click()


def share(browser):
    browser.menu("Share", "API endpoint…")
    browser.until(lambda: not browser.js("return document.querySelector('dialog[open] [aria-busy=true]')"), "the dialog")


def new_query(browser):
    browser.js("document.querySelector('.CodeMirror').CodeMirror.setValue('SELECT 1')")
    browser.menu("Share", "Save as a new query…")


def form(step: int):
    """The form of a pipe, so many steps on."""

    def fill(browser):
        browser.css('[data-kind="objectStorage"]').click()
        for path, value in {"name": "Flights by hand", "source.objectStorage.url": fill.url, "source.objectStorage.accessKey.accessKeyId": "a",
                            "source.objectStorage.accessKey.secretKey": "b"}.items():
            browser.fill_path(path, value)
        for turn in range(step):
            if turn == 1:
                browser.click("Test connection")
                browser.css(".sample .notice.good")
            browser.click("Next", tags="button")

    return fill


def scenes(data: Sample, service: str):
    """Name, address, and what is done there before it is looked at."""
    query, by_day = (f"#/queries/{one}" for one in data.queries)
    pipe, failed, endpoint = f"#/pipes/{data.completed}", f"#/pipes/{data.failed}", f"#/endpoints/{data.endpoint['id']}"
    steps = [form(number) for number in range(5)]
    for one in steps:
        one.url = data.api.pipe(data.completed)["source"]["objectStorage"]["url"]
    key = f"Actions of {'Airport board'}"
    return [
        ("editor", query + "?param_month=1&param_origin=JFK", result), ("editor-chart", by_day + "?param_origin=EWR", chart),
        ("editor-cell", query + "?param_month=1&param_origin=LGA", inspect), ("editor-share", query, share), ("editor-save-as", query, new_query),
        ("editor-error", query, lambda b: (write(b, "SELECT dest FORM flights"), b.click("Run", within=".editor-bar"), b.css("[data-test=result-error]"))),
        ("endpoints", "#/endpoints", None), ("endpoint-new", "#/endpoints", lambda b: b.click("New endpoint")),
        *((f"endpoint-{tab}", f"{endpoint}?tab={tab}", None) for tab in ("overview", "try", "settings", "history", "monitoring", "openapi")),
        ("endpoint-flyout", "#/endpoints", lambda b: b.menu("Actions of Worst destinations", "Monitoring")),
        ("endpoint-delete", "#/endpoints", lambda b: b.menu("Actions of Worst destinations", "Delete")),
        ("pipes", "#/pipes", None), *((f"pipe-{tab}", f"{pipe}?tab={tab}", None) for tab in ("overview", "progress", "log", "settings", "raw")),
        ("pipe-errors", f"{failed}?tab=errors", None), ("pipe-failed", failed, None),
        ("pipe-error-record", f"{failed}?tab=errors", lambda b: b.click("Inspect", within="main")),
        ("pipe-delete", failed, lambda b: b.menu("More actions", "Delete…")),
        ("pipe-new", "#/pipes/new", None), *((f"pipe-new-{number}", "#/pipes/new", step) for number, step in enumerate(steps)),
        ("keys", "#/keys", None), ("key-new", "#/keys", lambda b: b.click("New key")), ("key-change", "#/keys", lambda b: b.menu(key, "Change")),
        ("key-rotate", "#/keys", lambda b: b.menu(key, "Rotate")), ("key-delete", "#/keys", lambda b: b.menu(key, "Delete")),
        ("services", "#/services", None), ("service", f"#/services/{service}", None), ("activity", "#/activity", None), ("nowhere", "#/nowhere", None)]


@pytest.mark.parametrize("size", SIZES)
def test_every_page_and_dialog(signed_in, sample, api, size):
    browser, found, left_open = signed_in, [], True
    browser.resize(*SIZES[size])
    for name, path, act in scenes(sample, api.service.rsplit("/", 1)[1]):
        # Forms ask before they are left, and an editor keeps what was typed.
        browser.visit(path, anew=left_open)
        left_open = act is not None
        if act:
            act(browser)
            browser.settled()
        for theme in ("light", "dark"):
            browser.theme(theme == "dark")
            browser.screenshot(f"{name}-{size}-{theme}")
            # Colours are of the theme and the rest is of the size: each is looked at with the other once.
            if theme == "light" or size == "wide":
                found += [f"{name}, {size}, {theme}: {one}" for one in browser.axe()]
        found += [f"{name}, {size}, too wide: {one}" for one in browser.overflow()] + [f"{name}: {one}" for one in browser.problems()]
        browser.theme(False)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("size", SIZES)
def test_the_sign_in(browser, size):
    browser.resize(*SIZES[size])
    browser.open("/")
    browser.field("Key secret")
    for theme in ("light", "dark"):
        browser.theme(theme == "dark")
        browser.screenshot(f"sign-in-{size}-{theme}")
        assert browser.axe() == []
    assert browser.overflow() == [] and browser.problems() == []


FOCUS = """
const node = document.activeElement, style = getComputedStyle(node);
return {name: (node.getAttribute("aria-label") || node.innerText || node.value || "").trim(), tag: node.tagName,
    seen: style.outlineStyle !== "none" || style.boxShadow !== "none" || (node.closest(".CodeMirror, .field, .row") ? getComputedStyle(node.parentElement).outlineStyle !== "none" : false)}"""


def tab_until(browser, name: str, most: int = 60) -> list[str]:
    """Presses Tab until what has this name has the focus; the focus was to be seen at each stop."""
    seen = []
    for _ in range(most):
        browser.press(Keys.TAB)
        focus = browser.js(FOCUS)
        seen.append(focus["name"][:40])
        if focus["tag"] != "BODY":
            assert focus["seen"], f"no focus to be seen: {focus}"
        if focus["name"].startswith(name):
            return seen
    raise AssertionError(f"Tab does not reach '{name}': {seen}")


def test_the_keyboard_reaches_everything(signed_in, sample):
    browser = signed_in
    browser.visit("#/pipes", anew=True)
    # From the begin of the page, as after it was loaded by a person who reads.
    browser.js("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    assert tab_until(browser, "Skip to the page") == ["Skip to the page"]
    browser.press(Keys.ENTER)
    assert browser.js("return document.activeElement.id") == "main"
    tab_until(browser, "Create a pipe", 3)
    tab_until(browser, "Flights of 2013")
    tab_until(browser, "Actions for Flights of 2013")
    browser.press(Keys.ENTER)
    browser.css(".menu")
    browser.press(Keys.END)
    assert browser.js("return document.activeElement.textContent").startswith("Delete")
    browser.press(Keys.ESCAPE)
    assert browser.js("return document.activeElement.getAttribute('aria-label')") == "Actions for Flights of 2013"

    # Dialogs: Escape closes, and the focus goes back to where it was.
    browser.press(Keys.ENTER)
    browser.css(".menu")
    browser.press(Keys.END)
    browser.press(Keys.ENTER)
    browser.css("dialog[open]")
    browser.until(lambda: browser.js("return document.querySelector('dialog[open]').contains(document.activeElement)"), "the focus in the dialog")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: browser.js("return document.activeElement.getAttribute('aria-label')") == "Actions for Flights of 2013", "the focus to be back")
    browser.visit("#/keys", anew=True)
    tab_until(browser, "New key")
    browser.press(Keys.ENTER)
    browser.css("dialog[open]")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: browser.js("return document.activeElement.textContent") == "New key", "the focus to be back")

    # Tabs by arrows, the query from name to Share.
    browser.visit(f"#/pipes/{sample.completed}", anew=True)
    tab_until(browser, "Overview")
    browser.press(Keys.ARROW_RIGHT)
    browser.css('[data-tab="progress"][aria-selected=true]')
    browser.visit(f"#/queries/{sample.queries[0]}", anew=True)
    browser.css("[data-test=query-title]").click()
    for name in ("Run", "Save", "Share"):
        tab_until(browser, name, 8)
    assert browser.problems() == []


def test_the_first_view_is_small_and_quick(signed_in, sample):
    browser, times = signed_in, []
    # Other programs on the same cores make it longer, never shorter: the quickest shows what the page itself needs.
    for _ in range(5):
        browser.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        browser.driver.get("about:blank")
        browser.open("/#/pipes")
        browser.css(".shell h1")
        times.append(browser.until(lambda: browser.js("return performance.getEntriesByName('penstock-page')[0]?.startTime"), "the mark of the first page"))
    assert min(times) < 1000, times
    # The editor is the page that a person sees first; what it loads beside the editor itself counts, whatever its size is unpacked.
    for path in ("#/queries", "#/pipes"):
        browser.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        browser.visit(path, anew=True)
        loaded = browser.js("""
            return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
                .filter((one) => !one.name.includes("/console/libraries/")).map((one) => [new URL(one.name).pathname, one.transferSize])""")
        total = sum(size for _, size in loaded)
        assert len(loaded) > 10 and 20_000 < total < 200_000, (path, total, sorted(loaded, key=lambda one: -one[1])[:10])


COUNT_STREAMS = """
window.streams = [];
const Plain = window.EventSource;
window.EventSource = class extends Plain { constructor(...values) { super(...values); window.streams.push(this); } };"""


def test_live_data_comes_by_one_stream(signed_in, penstock, sample, api, sql, moto):
    browser, s3, bucket = signed_in, moto.client("s3"), random_name("live-")
    s3.create_bucket(Bucket=bucket)
    rows, table = typed_flights(2000), random_name("live_")
    s3.put_object(Bucket=bucket, Key="flights/0000.json", Body=lines(rows))
    pipe = api.create_pipe(flights_pipe(moto, bucket, table, "Live flights", continuous=True))
    api.wait_state(pipe, "Running")
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT_STREAMS})
    browser.visit("#/pipes", anew=True)
    done = threading.Event()

    def feed():
        part = 0
        while not done.wait(0.7):
            part += 1
            s3.put_object(Bucket=bucket, Key=f"flights/{part:04}.json", Body=lines(rows))

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        browser.until(lambda: "rows/s" in browser.text(f'tr[data-pipe="{pipe}"] .flow'), "rows per second")
        browser.js("performance.clearResourceTimings()")
        shown, heights = set(), set()
        for _ in range(20):
            done.wait(0.5)
            shown.add(browser.text(f'tr[data-pipe="{pipe}"] .flow'))
            heights.add(browser.js("return document.querySelector('main').scrollHeight"))
        requests = browser.js("return performance.getEntriesByType('resource').map((one) => one.name)")
        assert requests == [], "the list of pipes asks by itself"
        assert len(shown) > 2, f"nothing moves: {shown}"
        assert len(heights) == 1, f"the page jumps: {heights}"
        # From page to page there is never a second stream.
        for path in (f"#/pipes/{pipe}", "#/services", "#/endpoints", "#/activity", "#/pipes"):
            browser.visit(path)
            assert browser.js("return window.streams.filter((one) => one.readyState !== EventSource.CLOSED).length") == 1, path
    finally:
        done.set()
        feeder.join()
        api.curl("DELETE", f"{api.pipes}/{pipe}")
        sql.text(f"DROP TABLE IF EXISTS {table}")
