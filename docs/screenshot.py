"""Take the README's picture from the demo's data: `make screenshot`, with a Chromium on the machine."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import chromium

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1280, 1180


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
                for line in demo.stdout:
                    if "Ctrl+C" in line:
                        break
                take(browser_path, f"http://127.0.0.1:{port}/")
            finally:
                demo.terminate()
    print("docs/screenshot.png taken.")
    return 0


def take(browser_path: str, address: str) -> None:
    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=browser_path, args=sandbox)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(address)
        page.screenshot(path=HERE / "screenshot.png")
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
