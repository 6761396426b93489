"""The picture of a run: an SVG with bars, legible on light and on dark pages."""

from __future__ import annotations

from html import escape
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .saved import Run
    from .tasks import Figures


class Panel(NamedTuple):
    """A few bars: one figure of a row of the benchmark."""

    row: str
    figure: str
    title: str
    unit: str


PANELS: Final = (
    Panel("steady", "call_us", "A logging call, while shipping", "µs"),
    Panel("steady", "cpu_us", "CPU for a delivered record", "µs"),
    Panel("paced", "p999_us", "p99.9 of a call at 20 000 a second", "µs"),
    Panel("memory", "record_bytes", "Memory for a queued record of 85 bytes", "B"),
    Panel("start", "import_ms", "Import", "ms"),
    Panel("burst", "delivery_s", "100 000 records, cold, until close() returns", "s"),
)
_NAMES: Final = {"stream": "StreamHandler", "watchtower": "watchtower", "logspire": "Logspire"}

_COLUMNS: Final = 2
_WIDTH, _PANEL_WIDTH, _PANEL_HEIGHT, _TOP, _MARGIN = 880, 420, 104, 64, 20
_BAR_X, _BAR_WIDTH, _BAR_HEIGHT, _PITCH = 104, 170, 14, 22

_STYLE: Final = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
.page { fill: #ffffff } .head { font-size: 17px; font-weight: 600 } .title { font-weight: 600 }
.note { fill: #57606a } .stream { fill: #8c959f } .watchtower { fill: #bf8700 }
.logspire { fill: #0969da } .lost { fill: #cf222e; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .note { fill: #9198a1 } .stream { fill: #768390 }
.watchtower { fill: #d29922 } .logspire { fill: #4493f8 } .lost { fill: #ff7b72 }
}
"""


def picture(run: Run) -> str:
    """Return the SVG of a run."""
    about = run.about
    title = f"Logspire and watchtower {about['watchtower']}, measured side by side"
    rows = -(-len(PANELS) // _COLUMNS)
    height = _TOP + rows * _PANEL_HEIGHT + 16
    where = f"{about['date']}, Python {about['python']}, medians of {about['rounds']} rounds"
    note = f"Shorter is better. {where}. StreamHandler writes to /dev/null."
    panels = [_panel(run, panel, index) for index, panel in enumerate(PANELS)]
    told = ". ".join(_words(run, panel) for panel in PANELS)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" \
width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">
<title id="title">{escape(title)}</title>
<desc id="desc">{escape(told)}. {escape(where)}.</desc>
<style>{_STYLE}</style>
<rect class="page" width="{_WIDTH}" height="{height}" rx="6"/>
<text class="head" x="{_MARGIN}" y="28">{escape(title)}</text>
<text class="note" x="{_MARGIN}" y="48">{escape(note)}</text>
{chr(10).join(panels)}
</svg>
"""


def _panel(run: Run, panel: Panel, index: int) -> str:
    left = _MARGIN + (index % _COLUMNS) * _PANEL_WIDTH
    top = _TOP + (index // _COLUMNS) * _PANEL_HEIGHT
    bars = _bars(run, panel)
    longest = max(value for _, value, _ in bars)
    lines = [f'<text class="title" x="0" y="16">{escape(panel.title)}</text>']
    for place, (name, value, lost) in enumerate(bars):
        y = 26 + place * _PITCH
        width = max(1.0, _BAR_WIDTH * value / longest)
        base = y + _BAR_HEIGHT - 2
        size = f'width="{width:.1f}" height="{_BAR_HEIGHT}" rx="2"'
        amount = f"{number(value)} {panel.unit}"
        if lost:
            amount += f'<tspan class="lost" dx="8">{lost}</tspan>'
        lines += [
            f'<text x="0" y="{base}">{_NAMES[name]}</text>',
            f'<rect class="{name}" x="{_BAR_X}" y="{y}" {size}/>',
            f'<text x="{_BAR_X + width + 6:.1f}" y="{base}">{amount}</text>',
        ]
    return f'<g transform="translate({left} {top})">\n' + "\n".join(lines) + "\n</g>"


def _bars(run: Run, panel: Panel) -> list[tuple[str, float, str]]:
    """Return name, median and what was lost of all that have this figure."""
    found = []
    for name in _NAMES:
        rounds = run.results.get((panel.row, 0, name), [])
        if rounds and panel.figure in rounds[0]:
            value = median(figures[panel.figure] for figures in rounds)
            found.append((name, value, _lost(rounds) if name != "stream" else ""))
    return found


def _lost(rounds: Sequence[Figures]) -> str:
    least, most = (pick(figures.get("lost", 0) for figures in rounds) for pick in (min, max))
    if not most:
        return ""
    return f"{number(least)} lost" if least == most else f"≥ {number(least)} lost"


def _words(run: Run, panel: Panel) -> str:
    """Return what a panel shows, for those who do not see it."""
    bars = (
        f"{_NAMES[name]} {number(value)} {panel.unit}" + (f", {lost}" if lost else "")
        for name, value, lost in _bars(run, panel)
    )
    return f"{panel.title}: {'; '.join(bars)}"


def number(value: float) -> str:
    """Return a number as people read it: three digits that count, thousands apart."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"
