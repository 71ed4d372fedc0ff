"""Where a Chromium is, for the tests in a browser."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"no Chromium found: set CHROMIUM, or have one of {', '.join(NAMES)} on the PATH"


def find() -> str | None:
    """Give the path of a Chromium: the one that CHROMIUM names, else the first on the PATH."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)
