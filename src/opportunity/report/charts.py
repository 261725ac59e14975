"""Charts as inline SVG: the geometry from matplotlib, the look from the page's style sheet, in words beside."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from matplotlib import rc_context
from matplotlib.figure import Figure

__all__ = ["Bar", "bar_chart", "column_chart"]

WIDTH = 340
"""Of every chart, in its own units; narrow, so that a telephone shows its words in their size."""

ROW = 38
COLUMNS_HEIGHT = 150
_POINTS = 72
_SETTINGS: Any = {"svg.fonttype": "none", "text.parse_math": False}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart.

    Attributes
    ----------
    label : str
    count : int
    share : float
        How long it is drawn, from 0 to 1.
    part : int
        How many of the count are drawn darker.
    """

    label: str
    count: int
    share: float
    part: int = 0


def bar_chart(bars: Sequence[Bar], title: str) -> str:
    """Draw lying bars, each under its label.

    Parameters
    ----------
    bars : sequence of Bar
    title : str
        Said to who cannot see it, with all its figures.

    Returns
    -------
    str
        An ``<svg>`` without style, script or id; every word in it is escaped.
    """
    with rc_context(_SETTINGS):
        figure, axes = _canvas(ROW * len(bars))
        for place, bar in enumerate(bars):
            top = ROW * place
            axes.text(1, top + 17, bar.label, gid="label")
            axes.text(WIDTH - 1, top + 17, f"{bar.count:,} · {percent(bar.share)}", ha="right", gid="value")
            axes.plot([4, WIDTH - 4], [top + 27] * 2, gid="track")
            if bar.share:
                axes.plot([4, 4 + max(0.5, bar.share * (WIDTH - 8))], [top + 27] * 2, gid="bar")
        described = ", ".join(f"{bar.label} {bar.count:,} ({percent(bar.share)})" for bar in bars)
        return _svg(figure, title, described)


def column_chart(bars: Sequence[Bar], title: str, part: str) -> str:
    """Draw standing bars side by side, a part of each darker.

    Parameters
    ----------
    bars : sequence of Bar
    title : str
    part : str
        What the darker part is.

    Returns
    -------
    str
        As `bar_chart`.
    """
    step = WIDTH / len(bars)
    with rc_context(_SETTINGS):
        figure, axes = _canvas(COLUMNS_HEIGHT)
        floor = COLUMNS_HEIGHT - 20
        for place, bar in enumerate(bars):
            left, wide = step * place + 0.15 * step, 0.7 * step
            tall = bar.share * (floor - 20)
            axes.bar(left, -tall, wide, floor, align="edge", gid="column")
            axes.bar(left, -tall * bar.part / max(1, bar.count), wide, floor, align="edge", gid="part")
        axes.plot([0, WIDTH], [floor, floor], gid="floor")
        highest = max(range(len(bars)), key=lambda place: bars[place].count)
        axes.text(0, COLUMNS_HEIGHT - 5, bars[0].label, gid="first")
        if len(bars) > 1:
            axes.text(WIDTH, COLUMNS_HEIGHT - 5, bars[-1].label, ha="right", gid="last")
        top = floor - bars[highest].share * (floor - 20) - 5
        axes.text(step * (highest + 0.5), top, f"{bars[highest].count:,}", ha="center", gid="most")
        described = ", ".join(f"{bar.label}: {bar.count:,}, {part} {bar.part:,}" for bar in bars)
        return _svg(figure, title, described)


def percent(share: float) -> str:
    """A share as people write it."""
    return f"{round(100 * share)} %"


def _canvas(height: int) -> tuple[Figure, Any]:
    """A figure whose units are those of its picture, from the top left."""
    figure = Figure(figsize=(WIDTH / _POINTS, height / _POINTS))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    figure.patch.set_visible(False)
    return figure, axes


def _svg(figure: Figure, title: str, described: str) -> str:
    """The picture with classes for the style sheet in place of its own colours, fonts and ids."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ET.fromstring(drawn.getvalue())
    _plain(root)
    svg = ET.Element("svg", {"class": "chart", "role": "img", "viewBox": root.attrib["viewBox"]})
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "desc").text = described
    svg.extend(child for child in root if child.tag == "g")
    return ET.tostring(svg, encoding="unicode")


def _plain(element: ET.Element) -> None:
    element.tag = element.tag.rpartition("}")[2]
    gid = element.attrib.pop("id", None)
    for name in ("style", "clip-path", "transform"):
        element.attrib.pop(name, None)
    if gid and gid.isalpha():  # one of ours; those that matplotlib gives end in a number
        element.set("class", gid)
    for child in element:
        _plain(child)
