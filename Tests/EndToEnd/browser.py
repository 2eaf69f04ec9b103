"""A headless Chromium, driven over WebDriver the way a person uses the console: by names and labels."""

import importlib.util
import os
import pathlib
import shutil

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from servers import wait_until

AXE = pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).parent / "axe.min.js"
SCREENS = pathlib.Path(os.environ.get("PENSTOCK_SCREENS") or pathlib.Path(__file__).resolve().parents[2] / ".build/screens")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# What is seen and has this name: what a person reads, or hears from a screen reader.
FIND = r"""
const [tags, name, within] = arguments;
const roots = within ? [...document.querySelectorAll(within)] : document.querySelector("dialog[open]") ? [...document.querySelectorAll("dialog[open]")].slice(-1) : [document];
const menus = [...document.querySelectorAll(".menu")];
const text = (node) => (node.getAttribute("aria-label") || node.textContent || node.value || "").replace(/\s+/g, " ").trim();
const seen = (node) => { const box = node.getBoundingClientRect(); return box.width > 0 && box.height > 0 && getComputedStyle(node).visibility !== "hidden"; };
const all = [...menus, ...roots].flatMap((root) => [...root.querySelectorAll(tags)]).filter(seen);
return all.find((node) => text(node) === name) || all.find((node) => text(node).startsWith(name)) || null;
"""

FIELD = r"""
const [name, within] = arguments;
const root = within ? document.querySelector(within) : [...document.querySelectorAll("dialog[open]")].at(-1) || document;
const clean = (text) => text.replace(/\s+/g, " ").trim();
const labels = root ? [...root.querySelectorAll("label")] : [];
const found = labels.find((one) => clean(one.textContent) === name) || labels.find((one) => clean(one.textContent).startsWith(name));
const seen = (node) => node && node.getClientRects().length > 0;
if (found) { const control = found.htmlFor ? document.getElementById(found.htmlFor) : found.querySelector("input, select, textarea"); if (seen(control)) return control; }
return root ? [...root.querySelectorAll("input, select, textarea")].find((one) => (one.getAttribute("aria-label") || "").startsWith(name) && seen(one)) || null : null;
"""


class Browser:
    """One window. What goes wrong in the page (`problems`) fails the test that looks.

    - size: of the window's content. - dark: the system's theme.
    """

    def __init__(self, base: str, folder: pathlib.Path, size=(1280, 860), dark: bool = False):
        self.base = base
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        self.downloads = folder / "downloads"
        for argument in (
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
                f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(self.downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.resize(*size)
        self.theme(dark)

    def close(self):
        self.driver.quit()

    def resize(self, width: int, height: int):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def theme(self, dark: bool):
        value = "dark" if dark else "light"
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": value}]})

    # Looking

    def js(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str = "body") -> str:
        """What is seen of the first element that fits; empty when there is none."""
        return self.js("const node = document.querySelector(arguments[0]); return node ? node.innerText : ''", selector)

    def until(self, condition, what: str, timeout: float = 20):
        """Waits until `condition()` is truthy; says what the page showed when it never was."""

        def holds():
            try:
                return condition()
            except (StaleElementReferenceException, JavascriptException):
                return None  # the page is being changed

        try:
            return wait_until(holds, timeout, what)
        except AssertionError as error:
            self.screenshot("failed")
            raise AssertionError(f"{error}\n--- the page:\n{self.text()[:3000]}\n--- its console: {self.problems()}") from None

    def sees(self, text: str, selector: str = "body", timeout: float = 20):
        return self.until(lambda: text in self.text(selector), f"'{text}' in {selector}", timeout)

    def find(self, tags: str, name: str, within: str | None = None, timeout: float = 15):
        return self.until(lambda: self.js(FIND, tags, name, within), f"{tags} named '{name}'", timeout)

    def field(self, label: str, within: str | None = None, timeout: float = 15):
        return self.until(lambda: self.js(FIELD, label, within), f"the field '{label}'", timeout)

    def css(self, selector: str, timeout: float = 15):
        return self.until(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, selector)), None), selector, timeout)

    # Doing

    def open(self, path: str):
        """A page by its address below the base, such as `/#/pipes`."""
        self.driver.get(self.base + path)

    def go(self, path: str):
        """The same as a person with the page open: by its fragment, without loading all anew."""
        self.js("location.hash = arguments[0]", path)

    def visit(self, path: str, anew: bool = False):
        """A page by its fragment, once it stands there with what it shows.

        - anew: all is loaded again, as in a new window.
        """
        self.js("window.pageBefore = document.querySelector('main > *')")
        if anew:
            self.driver.get("about:blank")
            self.open("/" + path)
        elif self.js("return location.hash") != path:
            self.go(path)
            self.until(lambda: self.js("const node = document.querySelector('main > *'); return node !== null && node !== window.pageBefore"), path)
        self.css("main h1, main .editor-bar")
        self.settled()

    def settled(self):
        """Until nothing that is shown stands for something that is being loaded."""
        self.until(lambda: not self.js("return document.querySelector('main .skeleton, dialog .skeleton, [aria-busy=true]:not(button)')"), "the page to be filled")

    def click(self, name: str, within: str | None = None, tags: str = "button, a, [role=tab], [role=menuitem], [role=menuitemradio], summary, label"):
        def press():
            node = self.js(FIND, tags, name, within)
            if node is None or not node.is_enabled():
                return None
            self.js("arguments[0].scrollIntoView({block: 'center'})", node)
            node.click()
            return node

        # A row that is drawn anew takes its buttons along: then the new one is pressed.
        return self.until(press, f"{tags} named '{name}' to be pressed")

    def fill(self, label: str, value: str, within: str | None = None):
        """Types into a field in the place of what it holds; chooses of a select by value or text."""
        return self.type_into(self.field(label, within), value, label)

    def fill_path(self, path: str, value: str):
        """The same for the field that stands for this member of a body of the API."""
        return self.type_into(self.path_field(path), value, path)

    def path_field(self, path: str):
        selector = f'.field[data-path="{path}"] :is(input, select, textarea)'
        return self.until(lambda: next((one for one in self.driver.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()), None), selector)

    def type_into(self, node, value: str, label: str = "the field"):
        self.js("arguments[0].scrollIntoView({block: 'center'})", node)
        if node.tag_name == "select":
            chosen = self.js(
                "const [node, value] = arguments; const one = [...node.options].find((o) => o.value === value) || [...node.options].find((o) => o.text.trim().startsWith(value));"
                "if (!one) return null; node.value = one.value; node.dispatchEvent(new Event('input', {bubbles: true})); node.dispatchEvent(new Event('change', {bubbles: true})); return one.value", node, value)
            assert chosen is not None, f"'{label}' has no option '{value}'"
            return node
        node.send_keys(Keys.CONTROL, "a")
        node.send_keys(Keys.DELETE)
        node.send_keys(value)
        return node

    def press(self, *keys: str):
        """Keys to whatever has the focus; those before the last are held."""
        actions = webdriver.ActionChains(self.driver)
        for key in keys[:-1]:
            actions.key_down(key)
        actions.send_keys(keys[-1])
        for key in reversed(keys[:-1]):
            actions.key_up(key)
        actions.perform()

    def sign_in(self, key_id: str, secret: str):
        self.open("/")
        self.fill("Key id", key_id)
        self.fill("Key secret", secret)
        self.click("Sign in", tags="button")
        self.css(".shell")

    def tab(self, id: str):
        """One of the tabs of a page."""
        self.css(f'[role=tab][data-tab="{id}"]').click()
        self.css(f'[role=tab][data-tab="{id}"][aria-selected=true]')

    def menu(self, button: str, item: str):
        """Opens the menu of the button with this name, and chooses."""
        self.click(button, tags="button")
        self.click(item, tags="[role=menuitem], [role=menuitemradio]")

    # Judging

    def problems(self) -> list[str]:
        """What the browser complained about since the last question: errors of scripts, refusals of the content policy."""
        try:
            entries = self.driver.get_log("browser")
        except WebDriverException:
            return []
        # A status that the page itself shows is no complaint.
        return [one["message"] for one in entries if one["level"] == "SEVERE" and "Failed to load resource" not in one["message"]]

    def axe(self) -> list[str]:
        """Violations of WCAG A and AA that axe finds in what is shown."""
        if not self.js("return typeof window.axe === 'object'"):
            self.js(AXE.read_text())
        answer = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}})"
            ".then((result) => done({found: result.violations, passed: result.passes.length}), (error) => done({found: [{id: String(error), nodes: []}], passed: 0}))", LEVELS)
        assert answer["found"] or answer["passed"] > 5, "axe looked at nothing"
        return [f"{one['id']}: {one.get('help')}: {node['html'][:200]} ({'; '.join(str(x) for x in node['target'])})" for one in answer["found"] for node in one["nodes"] or [{"html": "", "target": []}]]

    def overflow(self) -> list[str]:
        """Elements that make the page wider than the window; those that scroll by themselves do not."""
        return self.js(r"""
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 1)
                .slice(0, 5).map((node) => `${node.tagName}.${node.className} ${Math.round(node.getBoundingClientRect().right)}`)""")

    def screenshot(self, name: str) -> pathlib.Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path

    def long_tasks(self) -> list[float]:
        """Milliseconds of every task over 50 ms since the last question; the first begins to watch."""
        return self.js(r"""
            if (!window.longTasks) { window.longTasks = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) window.longTasks.push(one.duration); }).observe({entryTypes: ["longtask"]}); }
            return window.longTasks.splice(0)""")
