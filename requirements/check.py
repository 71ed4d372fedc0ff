"""Hold the locks against pyproject.toml: `--write` makes them anew, else a difference is an error."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LOCKS: dict[str, list[str]] = {"base.txt": [], "dev.txt": ["--group", "dev"]}


def compile_lock(target: Path, groups: list[str], *, upgrade: bool = False) -> None:
    """Write the lock that pyproject.toml asks for, keeping the pins that `target` already has."""
    command = [
        sys.executable,
        *("-m", "uv", "pip", "compile", "pyproject.toml", *groups),
        *("--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
        *("--output-file", str(target)),
        *(["--upgrade"] if upgrade else []),
    ]
    subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    options = parser.parse_args()
    if options.write:
        for name, groups in LOCKS.items():
            compile_lock(HERE / name, groups, upgrade=options.upgrade)
        return 0
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for name, groups in LOCKS.items():
            copy = Path(folder) / name
            shutil.copy(HERE / name, copy)
            compile_lock(copy, groups)
            if copy.read_text() != (HERE / name).read_text():
                stale.append(name)
    for name in stale:
        print(f"requirements/{name} is out of step with pyproject.toml: run `make lock`.", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
