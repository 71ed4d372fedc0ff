"""Take the pictures of the README and of the guides: `make screenshot`, with a Chromium on the machine."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests import chromium

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1280, 1180
DESK_HEIGHT = 720
#: Of the readers' pages: the picture and the address.
PAGES = (
    ("page-actor", "actors/australia/"),
    ("page-why", "actors/australia/on/aukus-pillar-2-japan/"),
    ("page-topic", "topics/aukus-pillar-2/"),
    ("page-compare", "compare/?actor=australia&actor=united-states&topic=aukus-pillar-2-japan"),
    ("page-search", "search/?q=pillar+2"),
)
#: Of the desk: the picture, the address, and what is clicked there.
DESK = (
    ("desk-index", "admin/", ()),
    ("desk-list", "admin/stances/statement/", ()),
    ("desk-statement", "admin/stances/source/?q=practice", ("#result_list tbody a", "text=Code this source")),
)
TABLE = """statement_key,date,speaker,actor,topic,position,terms,summary
trial-1,2024-02-13,australia,australia,aukus-pillar-2-japan,1,scope,Says that projects will be chosen one by one.
trial-1,,,japan,aukus-pillar-2-japan,2,,
trial-2,2024-02,,chile,sea-lanes,-1,time,
"""


def main() -> int:
    browser_path = chromium.find()
    if not browser_path:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "manage.py", "demo", "--port", str(port)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as demo:
            try:
                assert demo.stdout is not None
                user = password = ""
                for line in demo.stdout:
                    if found := re.search(r"user: (\S+) +password: (\S+)", line):
                        user, password = found.groups()
                    if "Ctrl+C" in line:
                        break
                take(browser_path, f"http://127.0.0.1:{port}/", user, password)
            finally:
                demo.terminate()
    print("docs/screenshot.png, docs/page-*.png and docs/desk-*.png taken.")
    return 0


def take(browser_path: str, address: str, user: str, password: str) -> None:
    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=browser_path, args=sandbox)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(address)
        page.screenshot(path=HERE / "screenshot.png")
        for name, at in PAGES:
            page.goto(f"{address}{at}")
            page.screenshot(path=HERE / f"{name}.png")
        take_desk(page, address, user, password)
        browser.close()


def take_desk(page: Page, address: str, user: str, password: str) -> None:
    page.set_viewport_size({"width": WIDTH, "height": DESK_HEIGHT})
    page.goto(f"{address}admin/")
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.click("[type=submit]")
    for name, at, clicked in DESK:
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT if name == "desk-statement" else DESK_HEIGHT})
        page.goto(f"{address}{at}")
        for selector in clicked:
            page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=HERE / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": DESK_HEIGHT})
    page.goto(f"{address}admin/stances/statement/import/")
    page.set_input_files("#id_import_file", {"name": "trial.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    page.click(".submit-row [type=submit]")
    page.get_by_text("Nothing is written yet.").wait_for()
    page.screenshot(path=HERE / "desk-import.png")


if __name__ == "__main__":
    sys.exit(main())
