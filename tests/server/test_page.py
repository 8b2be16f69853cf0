"""The page at / in a real browser: rank, drop in other documents, compare, copy, and what goes wrong."""

import json
import shutil
import tempfile
import time
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

MODEL = str(ROOT / "models" / "default")


def browser():
    """Headless Chromium, as Debian packages it."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,1400"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


@unittest.skipUnless(webdriver and shutil.which("chromedriver"), "selenium or chromium-driver is not installed")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--model", f"one={MODEL}", "--model", f"two={MODEL}")
        cls.browser = browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.server.stop()

    def setUp(self):
        self.browser.get(f"http://127.0.0.1:{self.server.port}/")
        self.wait(lambda: self.all("#models input"))

    def tearDown(self):
        serious = [entry for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        self.assertEqual(serious, [])

    def wait(self, condition):
        return WebDriverWait(self.browser, 20).until(lambda _: condition())

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, name):
        return self.browser.find_element(By.ID, name)

    def fill(self, query, documents):
        for name, text in (("query", query), ("documents", documents)):
            self.browser.execute_script(
                "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
                self.one(name), text,
            )

    def test_the_example_is_ranked_by_the_keyboard_and_its_best_sentence_marked(self):
        self.one("query").send_keys(Keys.CONTROL, Keys.ENTER)
        self.wait(lambda: len(self.all(".results li")) == 6)
        self.assertIn("peau sensible", self.all(".results li")[0].text)
        self.wait(lambda: self.all(".results mark"))
        self.assertIn("Soin bio", self.all(".results mark")[0].text)

    def test_every_kind_of_documents_is_told(self):
        for text, kind, count in [
            ("a\n\nb\n", "lines", 2),
            ('{"text": "a"}\n{"text": "b"}', "JSONL", 2),
            ('["a", {"text": "b"}, {"x": 1}]', "JSON array", 3),
            ('id,text\n1,"a, ""b"""\n2,c', "CSV", 2),
            ("Well, this is a line\nand, well, this too, is one", "lines", 2),
        ]:
            self.fill("q", text)
            self.assertEqual(self.one("kind").text, f"{count} documents · {kind}")

    def test_a_file_is_read(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write('{"text": "opening hours"}\n{"text": "track a parcel"}\n')
            file.flush()
            self.one("file").send_keys(file.name)
            self.wait(lambda: "JSONL" in self.one("kind").text)
        self.fill("where is my parcel", self.one("documents").get_attribute("value"))
        self.one("rank").click()
        self.wait(lambda: len(self.all(".results li")) == 2)
        self.assertIn("parcel", self.all(".results li")[0].text)

    def test_models_stand_side_by_side_with_lines_between(self):
        self.all("#models input")[1].click()
        self.one("rank").click()
        self.wait(lambda: len(self.all(".column")) == 2)
        self.wait(lambda: len(self.all("#lines path")) == 6)

    def test_the_call_can_be_copied_in_three_languages(self):
        self.fill("it's", "a 'quoted' text\nb")
        self.one("rank").click()
        self.wait(lambda: self.one("code").text)
        for name, word in [("tab-curl", "curl"), ("tab-python", "urllib"), ("tab-javascript", "fetch")]:
            self.one(name).click()
            self.assertIn(word, self.one("code").text)
        self.one("copy").click()
        self.wait(lambda: self.one("copy").text == "Copied")

    def test_what_goes_wrong_is_said(self):
        self.fill("a", " \n ")
        self.browser.execute_script("document.getElementById('form').noValidate = true")
        self.one("rank").click()
        self.wait(lambda: "no documents" in self.one("message").text)

    def test_every_control_has_a_name(self):
        self.one("rank").click()
        self.wait(lambda: self.all(".results li"))
        for element in self.all("input, textarea, button, select"):
            self.assertTrue(element.accessible_name, element.get_attribute("outerHTML"))

    def test_it_fits_a_phone(self):
        metrics = {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.one("rank").click()
        self.wait(lambda: self.all(".results li"))
        width = self.browser.execute_script("return document.documentElement.scrollWidth")
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.assertLessEqual(width, 380)


def main():
    """Takes the pictures of the documentation: python tests/server/test_page.py PROGRAM."""
    import sys

    import serving

    serving.PROGRAM = str(Path(sys.argv[1]).resolve())
    Page.setUpClass()
    page = Page()
    for name, dark in (("page", False), ("page-dark", True)):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        page.setUp()
        if dark:
            page.all("#models input")[1].click()
        page.one("rank").click()
        page.wait(lambda: page.all(".results mark"))
        time.sleep(1)
        page.browser.save_screenshot(str(ROOT / "docs" / f"{name}.png"))
    Page.tearDownClass()
    print(json.dumps({"written": ["docs/page.png", "docs/page-dark.png"]}))


if __name__ == "__main__":
    main()
