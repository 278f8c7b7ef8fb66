"""Numbers, times and states as people read them. Pure: the present moment is an argument."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.markup import escape

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# C0 without the line feed, DEL and C1 (Unicode, category Cc), and what turns the direction of writing around.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# How a mend begins that is typed into a shell. The others are SQL.
_COMMAND = re.compile(r"(psql|supabase|make|python|vercel|curl|for|\./queue|queue) ")
_BARS = "▁▂▃▄▅▆▇█"


def clean(text: str) -> str:
    """Return text without what would command the terminal: control characters, but for the end of a line."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.expandtabs(4))


def safe(text: str) -> str:
    """Return what others wrote as text to be shown: no control characters, and square brackets are no markup."""
    return escape(clean(text))


def is_command(mend: str) -> bool:
    """Whether what mends a finding is for a shell: a prompt goes before it, and not before SQL."""
    return _COMMAND.match(mend) is not None


def number(value: float | None) -> str:
    """1234567 -> 1,234,567; nothing known -> a dash."""
    if value is None:
        return "-"
    return f"{value:,.1f}".removesuffix(".0")


def seconds(value: float | None, none: str = "-") -> str:
    """90 -> 1 min 30 s."""
    if value is None:
        return none
    if value < 1:
        return f"{value * 1000:.0f} ms" if value else "0 s"
    whole = round(value)
    for size, unit, smaller_size, smaller in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{value:.1f} s" if value < 10 and value != whole else f"{whole} s"


def milliseconds(value: float | None) -> str:
    """1500 -> 1.5 s."""
    return seconds(None if value is None else value / 1000)


def share(value: float | None) -> str:
    """0.031 -> 3.1 %."""
    if value is None:
        return "-"
    return f"{value * 100:.1f} %" if 0 < value < 0.1 else f"{value * 100:.0f} %"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, or in how long."""
    if moment is None:
        return "-"
    distance = (now - moment).total_seconds()
    return f"{seconds(max(1, round(distance)))} ago" if distance >= 0 else f"in {seconds(max(1, round(-distance)))}"


def local(moment: datetime | None) -> str:
    """A moment in this machine's zone."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def sparkline(values: Sequence[int]) -> str:
    """A bar for each number; zero is the lowest."""
    highest = max(values, default=0)
    if not highest:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(7, -(-value * 7 // highest))] for value in values)


def plural(count: int, noun: str) -> str:
    """1 job, 2 jobs."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def moment(text: str, now: datetime, direction: int = -1) -> datetime:
    """Read a date and time, or a distance such as 90s, 15m, 2h, 3d, 1w. direction: -1 is ago, 1 is from now on.

    Raises:
        ValueError: it is neither.
    """
    distance = re.fullmatch(r"([+-]?)(\d{1,6})([smhdw])", text.strip())
    if distance:
        sign = {"+": 1, "-": -1}.get(distance[1], direction)
        return now + sign * timedelta(**{_UNITS[distance[3]]: int(distance[2])})
    if text.strip() == "now":
        return now
    try:
        read = datetime.fromisoformat(text.strip())
        # Without a zone it is this machine's, as `date` shows it.
        return read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"{text!r} is neither a date and time, such as 2026-11-24T10:00, nor a distance, such as 2h"
        ) from None
