"""The colours, in one place: for the stylesheet, whose part `python -m stances.palette` writes, and for figures that
stand alone as files.

Everything that is not a position is grey. A position has a fill, an ink for what is written on it, and an edge that
stands out from the page by 3:1 or more; blue against orange holds for every common colour blindness.
"""

from __future__ import annotations

import re
from pathlib import Path

LIGHT = {
    "page": "#fdfcfa",
    "panel": "#f3f1ec",
    "raised": "#fff",
    "ink": "#16191d",
    "muted": "#5a5f65",
    "line": "#dedbd4",
    "line-strong": "#85888c",
    "focus": "#7a1fa2",
    "mark": "#f3ecd2",
    "p2-fill": "#1d5f9e",
    "p2-ink": "#fff",
    "p2-edge": "#174c7f",
    "p1-fill": "#bdd7ee",
    "p1-ink": "#0c2d4a",
    "p1-edge": "#4f86b8",
    "z0-fill": "#e3e1dc",
    "z0-ink": "#26282b",
    "z0-edge": "#7d7f83",
    "n1-fill": "#f8d3a8",
    "n1-ink": "#452200",
    "n1-edge": "#b06a22",
    "n2-fill": "#a6470f",
    "n2-ink": "#fff",
    "n2-edge": "#85370a",
}
DARK = {
    "page": "#14171a",
    "panel": "#1d2125",
    "raised": "#191c20",
    "ink": "#eceae6",
    "muted": "#a9aeb4",
    "line": "#33383d",
    "line-strong": "#82878e",
    "focus": "#d59bff",
    "mark": "#3d3820",
    "p2-fill": "#5aa6ee",
    "p2-ink": "#04121f",
    "p2-edge": "#8cc3f7",
    "p1-fill": "#1d4468",
    "p1-ink": "#d6e9fb",
    "p1-edge": "#5b93c8",
    "z0-fill": "#3b3e42",
    "z0-ink": "#eceae6",
    "z0-edge": "#8e9298",
    "n1-fill": "#5c3913",
    "n1-ink": "#fde0bd",
    "n1-edge": "#c68a48",
    "n2-fill": "#ef8f42",
    "n2-ink": "#1d0e02",
    "n2-edge": "#f7b27c",
}
POSITIONS = ("p2", "p1", "z0", "n1", "n2")
STYLESHEET = Path(__file__).parent / "static" / "stances" / "style.css"
BEGIN, END = "/* colours: made from stances/palette.py */", "/* end of colours */"


def css() -> str:
    """Write the colours as custom properties, light and dark."""
    roles = "".join(
        f".{it} {{ --fill: var(--{it}-fill); --on: var(--{it}-ink); --edge: var(--{it}-edge); }}\n" for it in POSITIONS
    )
    light, dark = _declared(LIGHT, "  "), _declared(DARK, "    ")
    dark = f"@media (prefers-color-scheme: dark) {{\n  :root {{\n{dark}  }}\n}}\n"
    return f"{BEGIN}\n:root {{\n{light}}}\n{dark}{roles}{END}"


def _declared(colours: dict[str, str], indent: str) -> str:
    groups: dict[str, list[str]] = {}
    for name, value in colours.items():
        group = name.split("-")[0] if name[:2] in POSITIONS else ""
        groups.setdefault(group, []).append(f"--{name}: {value};")
    return "".join(f"{indent}{' '.join(group)}\n" for group in groups.values())


def written(stylesheet: str) -> str:
    """Give a stylesheet with its part of colours as it stands here."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: css(), stylesheet, flags=re.DOTALL)


if __name__ == "__main__":
    STYLESHEET.write_text(written(STYLESHEET.read_text(encoding="utf-8")), encoding="utf-8")
