"""Write what was measured as a table that a reader understands."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from bench.measuring import ROWS, Result


def machine() -> str:
    """Name the processors, the memory and the versions."""
    cpu, memory = Path("/proc/cpuinfo").read_text(), Path("/proc/meminfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", cpu)
    kilobytes = re.search(r"MemTotal:\s+(\d+)", memory)
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), "
        f"{int(kilobytes[1]) // 1024**2 if kilobytes else '?'} GB; Python {platform.python_version()}, "
        f"Django {version('django')}, psycopg {version('psycopg')}, gunicorn {version('gunicorn')}; "
        f"load at the end {os.getloadavg()[1]:.1f}"
    )


def write(path: Path, results: list[Result]) -> None:
    lines = [
        "# What was measured",
        "",
        f"By `make bench`, on {machine()}.",
        "",
        "Each figure is the median of a whole HTTP request, answered by gunicorn with two workers over a kept",
        "connection; beside it, in brackets, the raw query in the same run, and the page's size. Milliseconds.",
        "Each page is made anew for its figure, under another name of the server each time, unless it says that it",
        "is asked again. Counts beside a list are kept while the public data stay the same: a first request, which is",
        "not among the figures, works them out; for filters not asked before each request does.",
        "",
        "| work | to reach | " + " | ".join(f"{it.database}, {it.statements:,}" for it in results) + " |",
        "| --- | --- |" + " --- |" * len(results),
    ]
    for row in ROWS:
        cells = []
        for result in results:
            figure = result.figures[row.name]
            if row.is_export:
                cells.append(f"{figure.rows / figure.ms * 1000:,.0f} rows/s ({figure.rows:,} rows)")
            elif figure.status not in (200, 304):
                cells.append(f"answered {figure.status}")
            else:
                cells.append(f"{figure.ms:.1f} ({figure.raw_ms:.2f}; {figure.bytes / 1024:.0f} KB)")
        lines.append(
            f"| {row.name} | {'200,000 rows/s' if row.is_export else row.target or ''} | {' | '.join(cells)} |"
        )
    memory = " | ".join(f"{it.memory[0]:.0f}, {it.memory[1]:.0f} MB" for it in results)
    filled = " | ".join(f"{it.filled_s:.0f} s" if it.filled_s else "" for it in results)
    lines += [
        f"| a worker's most memory, at first and at the end | 200 MB | {memory} |",
        f"| filled in | | {filled} |",
        "",
    ]
    path.write_text("\n".join(lines))
