"""One place for the colours: the stylesheet's part is made from it, and figures as files use the same."""

import re

from stances.palette import DARK, LIGHT, POSITIONS, STYLESHEET, css, written


def test_stylesheet_holds_the_colours_of_the_palette():
    """Else run python -m stances.palette."""
    stylesheet = STYLESHEET.read_text(encoding="utf-8")
    assert css() in stylesheet
    assert written(stylesheet) == stylesheet


def test_no_other_part_of_the_stylesheet_names_a_colour_of_a_position():
    rest = STYLESHEET.read_text(encoding="utf-8").replace(css(), "")
    assert {value for name, value in LIGHT.items() if name[:2] in POSITIONS and len(value) == 7} & set(
        re.findall("#[0-9a-f]{6}", rest)
    ) == set()


def test_dark_names_the_same_colours_as_light():
    assert list(DARK) == list(LIGHT)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_ink_can_be_read_on_its_fill_and_edges_stand_out_from_the_page():
    for colours in (LIGHT, DARK):
        assert contrast(colours["muted"], colours["page"]) >= 4.5
        for it in POSITIONS:
            assert contrast(colours[f"{it}-fill"], colours[f"{it}-ink"]) >= 4.5
            assert contrast(colours["page"], colours[f"{it}-edge"]) >= 3
