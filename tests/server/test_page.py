"""The page at / in headless Chromium. Skipped where chromium or selenium is missing: `make test` installs both.

PODIUM_SCREENSHOTS names a folder for pictures of it.
"""

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path

from serving import ROOT, Server

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    webdriver = None
CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
TINY = ROOT / "tests" / "data" / "tiny-bert"
DEFAULT = ROOT / "models" / "default"
WIDE, NARROW = (1360, 1000), (390, 1200)


@unittest.skipUnless(webdriver and CHROMIUM and DRIVER, "chromium, chromedriver or selenium is not installed")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--model", f"small={DEFAULT}", "--model", f"tiny={TINY}")
        cls.addClassCleanup(cls.server.stop)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.look(WIDE, "light")
        self.browser.get(f"http://127.0.0.1:{self.server.port}/")
        self.wait(lambda: len(self.all("#columns li")) == 8 and self.all("#columns mark"))

    def tearDown(self):
        loud = [entry for entry in self.browser.get_log("browser") if entry["source"] in ("javascript", "security")]
        self.assertEqual(loud, [], "the page raised an error or broke its own policy")

    def look(self, size, scheme):
        width, height = size
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def picture(self, name):
        folder = os.environ.get("PODIUM_SCREENSHOTS")
        if folder:
            self.browser.execute_script("return Promise.all(document.getAnimations().map(a => a.finished))")
            self.browser.save_screenshot(str(Path(folder, f"{name}.png")))

    def wait(self, condition):
        WebDriverWait(self.browser, 30).until(lambda _: condition())

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def fill(self, selector, text):
        self.browser.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            self.one(selector), text,
        )

    def test_ranks_with_the_keyboard(self):
        self.picture("page")
        self.fill("#query", "train to Hamburg")
        self.fill("#documents", "Cats sleep all day.\nThe train to Hamburg leaves at nine.")
        self.one("#query").send_keys(Keys.CONTROL, Keys.ENTER)
        self.wait(lambda: len(self.all("#columns li")) == 2 and "2 documents" in self.one("#summary").text)
        self.assertIn("Hamburg", self.one("#columns li").text)
        self.assertIn("▲ 1", self.one("#columns li").text)

    def test_marks_the_passage(self):
        self.assertIn("Blot red wine", " ".join(mark.text for mark in self.all("mark")))

    def test_reads_files(self):
        for name, content, format_name in [
            ("a.csv", 'id,text\n1,"Tea, ""green"""\n2,Coffee\n', "CSV"),
            ("a.jsonl", '{"text":"Tea"}\n{"text":"Coffee"}\n', "JSONL"),
            ("a.json", '["Tea", {"text": "Coffee"}]', "JSON"),
            ("a.txt", "Tea\n\nCoffee\n", "lines"),
        ]:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_text(content)
                self.one("#file").send_keys(str(path))
                self.wait(lambda: self.one("#count").text == f"2 · {format_name}")  # noqa: B023
                self.wait(lambda: len(self.all("#columns li")) == 2)
        texts = self.browser.execute_async_script(
            "const done = arguments[0]; import('/page/documents.js').then(m => "
            "done(m.parseDocuments('id,text\\n1,\"Tea, \"\"green\"\"\"\\n').texts))")
        self.assertEqual(texts, ['Tea, "green"'])

    def test_drops_a_file(self):
        self.browser.execute_script(
            "const data = new DataTransfer(); data.items.add(new File(['one\\ntwo\\nthree'], 'a.txt'));"
            "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {bubbles: true, dataTransfer: data}))")
        self.wait(lambda: len(self.all("#columns li")) == 3)

    def test_compares_models(self):
        self.all("#models input")[1].click()
        self.wait(lambda: len(self.all("#columns ol")) == 2 and len(self.all("#lines path")) == 8)
        self.look(WIDE, "dark")
        self.picture("page-dark")

    def test_copies_the_call(self):
        for language, word in [("curl", "curl http"), ("python", "urllib.request"), ("javascript", "await fetch")]:
            self.one(f"#tab-{language}").click()
            self.assertIn(word, self.one("#code").text)
        self.one("#tab-curl").click()
        body = self.one("#code").text.split("-d '", 1)[1].rsplit("'", 1)[0]
        self.assertEqual(len(json.loads(body.replace("'\\''", "'"))["documents"]), 8)
        self.one("#copy").click()
        self.wait(lambda: self.one("#copy").text == "Copied")

    def test_says_what_is_wrong(self):
        for query, documents, word in [("tea", '[{"txt": 1}]', 'no "text"'), ("tea", '{"text": \n', "line 1"),
                                       ("  ", "one", "query is empty")]:
            self.fill("#query", query)
            self.fill("#documents", documents)
            self.one("#query").send_keys(Keys.CONTROL, Keys.ENTER)
            self.wait(lambda: word in self.one("#error").text)  # noqa: B023

    def test_fits_a_phone(self):
        self.look(NARROW, "light")
        self.assertEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), NARROW[0])
        self.picture("page-phone")

    def test_every_control_has_a_name(self):
        nameless = self.browser.execute_script(
            "return [...document.querySelectorAll('input, textarea, button, summary, a')].filter(e => !("
            "e.labels?.length || e.ariaLabel || e.textContent.trim())).map(e => e.outerHTML)")
        self.assertEqual(nameless, [])


if __name__ == "__main__":
    unittest.main()
