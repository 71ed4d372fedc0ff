"""Take the pictures of the README, of the guides and of links: `make screenshot`, with a Chromium on the machine."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from stances.palette import LIGHT
from stances.vocabulary import CSS, SIGNS, Value
from tests import chromium

HERE = Path(__file__).parent
CARD = HERE.parent / "stances" / "static" / "stances" / "card.png"
CARD_SIZE = {"width": 1200, "height": 630}
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
    print(f"docs/screenshot.png, docs/page-*.png, docs/desk-*.png and {CARD.relative_to(HERE.parent)} taken.")
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
        take_card(page)
        browser.close()


def take_card(page: Page) -> None:
    """Draw what stands for a page where it is linked: the name, what this is, and the five positions."""
    tiles = "".join(
        f'<span style="background:{LIGHT[f"{CSS[value]}-fill"]};color:{LIGHT[f"{CSS[value]}-ink"]};'
        f'border-color:{LIGHT[f"{CSS[value]}-edge"]}"><b>{SIGNS[value]}</b> {value.label}</span>'
        for value in sorted(Value)
    )
    page.set_viewport_size(CARD_SIZE)
    page.set_content(
        f"""<style>
        body {{ margin: 0; padding: 84px 72px; height: 630px; box-sizing: border-box; font-family: Arial, sans-serif;
          background: {LIGHT["page"]}; color: {LIGHT["ink"]}; }}
        h1 {{ font-size: 92px; margin: 0 0 28px; border-top: 6px solid; padding-top: 28px; letter-spacing: -2px; }}
        p {{ font-size: 41px; line-height: 1.3; margin: 0 0 56px; }}
        div {{ display: flex; gap: 14px; white-space: nowrap; }}
        span {{ border: 2px solid; padding: 14px 18px; font-size: 25px; }}
        b {{ font-family: monospace; letter-spacing: -2px; }}
        </style><h1>Stances</h1>
        <p>What governments say on a question of policy, and how that changes: each position with its words, its source
        and its reasons.</p><div>{tiles}</div>"""
    )
    page.screenshot(path=CARD)


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
