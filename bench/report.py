"""Write what was measured as a table that a reader understands."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from bench.measuring import EXPORTS, OBJECTS, ROWS, Result, Row


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


#: What is to be reached beside the milliseconds of the rows.
EXPORTED_A_SECOND, MEGABYTES, IMPORTED_S_A_MILLION, LOADED_S = 200_000, 200, 120, 6


def write(path: Path, results: list[Result]) -> None:
    lines = [
        "# What was measured",
        "",
        f"By `make bench`, on {machine()}.",
        "",
        *_databases(results),
        "",
        "Each figure is a whole HTTP request, answered by gunicorn with two workers over a kept connection, after",
        f"some that are not counted: {_of_how_many(results)}. Beside it, in brackets, the raw query",
        "in the same run, and the page's size. Milliseconds, where nothing else is said. What has a figure to reach",
        "says whether it did: reached, or missed.",
        "Each page is made anew for its figure, under another name of the server each time, unless it says that it",
        "is asked again. Counts beside a list are kept while the public data stay the same: a first request, which is",
        "not among the figures, works them out; for filters not asked before each request does.",
        "",
        "| work | to reach | " + " | ".join(f"{it.database}, {it.statements:,}" for it in results) + " |",
        "| --- | --- |" + " --- |" * len(results),
    ]
    lines += [_line(row.name, _to_reach(row), [_cell(row, it) for it in results]) for row in ROWS]
    lines += [
        _line("a worker's most memory, at first and at the end", f"{MEGABYTES} MB", [_memory(it) for it in results]),
        _line("generated and imported, once", "", [f"{it.filled_s:.0f} s" if it.filled_s else "" for it in results]),
        _line(
            "import of all stances, CSV, once",
            f"{IMPORTED_S_A_MILLION} s a million",
            [_imported(it.imported) for it in results],
        ),
        _line("loaddata, once", f"{LOADED_S} s", [_loaded(it.fixture) for it in results]),
        "",
        "Of an import stand the seconds, the memory of its process, and the rows. Of `loaddata` stand the seconds for",
        f"all objects of a fixture of {OBJECTS:,} or so, by natural key, and the milliseconds for one of them; in",
        "brackets the milliseconds for one by Django's own `loaddata`, row by row, as measured on a tenth of them.",
        "",
    ]
    path.write_text("\n".join(lines))


def _databases(results: list[Result]) -> list[str]:
    """Say of each database how much it holds, and where that comes from."""
    return [
        f"- {it.database}: {it.statements:,} statements with {it.stances:,} stances, "
        + ("as it was found" if it.seed is None else f"made with seed {it.seed}")
        for it in results
    ]


def _of_how_many(results: list[Result]) -> str:
    (runs,) = {it.runs for it in results}
    if runs == 1:
        return "one request"
    return f"the median of {runs} requests, of {min(runs, EXPORTS)} for an export"


def _line(work: str, to_reach: str, cells: list[str]) -> str:
    return f"| {work} | {to_reach} | {' | '.join(cells)} |"


def _to_reach(row: Row) -> str:
    return f"{EXPORTED_A_SECOND:,} rows/s" if row.is_export else f"{row.target:g}" if row.target else ""


def _judged(figure: str, *, reached: bool) -> str:
    return f"{figure}, {'reached' if reached else 'missed'}"


def _cell(row: Row, result: Result) -> str:
    figure = result.figures[row.name]
    if figure.status not in (200, 304):
        return f"answered {figure.status}"
    if row.is_export:
        a_second = figure.rows / figure.ms * 1000
        return _judged(f"{a_second:,.0f} rows/s ({figure.rows:,} rows)", reached=a_second >= EXPORTED_A_SECOND)
    page = f"page {result.deep_page:,}: " if "{deep}" in row.address else ""
    told = f"{page}{figure.ms:.1f} ({figure.raw_ms:.2f}; {figure.bytes / 1024:.0f} KB)"
    return _judged(told, reached=figure.ms <= row.target) if row.target else told


def _memory(result: Result) -> str:
    first, last = result.memory
    return _judged(f"{first:.0f}, {last:.0f} MB", reached=last <= MEGABYTES)


def _imported(told: dict[str, float]) -> str:
    if not told:
        return ""
    reached = told["s"] <= told["rows"] / 1_000_000 * IMPORTED_S_A_MILLION
    return _judged(f"{told['s']:.0f} s, {told['mb']:.0f} MB ({told['rows']:,} rows)", reached=reached)


def _loaded(told: dict[str, float]) -> str:
    if not told:
        return ""
    ours, plain = (told[f"{name}s"] / told[f"{name}objects"] * 1000 for name in ("", "plain_"))
    return _judged(f"{told['s']:.1f} s, {ours:.2f} ms each ({plain:.1f} ms each)", reached=told["s"] <= LOADED_S)
