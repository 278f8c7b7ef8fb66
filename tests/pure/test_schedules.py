"""next_run: what a cron expression means in a time zone, daylight-saving changes included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import InvalidInput
from lib.queue.schedules import next_run

MADRID, NEW_YORK = "Europe/Madrid", "America/New_York"


def at(text: str, zone: str = "UTC") -> datetime:
    """Return a local time of a zone, such as 2026-03-29T01:00; a second one in autumn with a trailing *."""
    moment = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=ZoneInfo(zone), fold=int(text.endswith("*")))
    return moment.astimezone(UTC)


def runs(expression: str, zone: str, after: datetime, count: int) -> list[str]:
    """Return the next moments in UTC, minutes precise."""
    found = []
    for _ in range(count):
        after = next_run(expression, zone, after)
        found.append(after.astimezone(UTC).strftime("%d %H:%M"))
    return found


def test_the_next_moment_is_after_the_given_one() -> None:
    """A slot that is exactly now is not found again: it would be fired for ever."""
    assert runs("*/10 * * * *", "UTC", at("2026-11-24T10:00"), 2) == ["24 10:10", "24 10:20"]
    assert runs("*/10 * * * *", "UTC", at("2026-11-24T09:59"), 1) == ["24 10:00"]


@pytest.mark.parametrize(
    ("zone", "day", "before", "skipped_at"),
    [(MADRID, "2026-03-29", "28 01:30", "29 01:00"), (NEW_YORK, "2026-03-08", "07 07:30", "08 07:00")],
)
def test_a_time_that_the_clocks_skip_runs_right_after_the_gap(
    zone: str, day: str, before: str, skipped_at: str
) -> None:
    """02:30 does not exist on that day; a daily job runs all the same, once."""
    eve = at(day, zone) - timedelta(days=1)
    hour = before.split()[1]
    first, second, third = runs("30 2 * * *", zone, eve, 3)
    assert (first, second) == (before, skipped_at)
    assert third.split()[1] == f"{int(hour[:2]) - 1:02}:30"


@pytest.mark.parametrize(
    ("zone", "day", "first"), [(MADRID, "2026-10-25", "25 00:30"), (NEW_YORK, "2026-11-01", "01 05:30")]
)
def test_a_time_that_the_clocks_repeat_runs_once(zone: str, day: str, first: str) -> None:
    """A daily job is not run twice because a night has an hour more."""
    local = "30 2 * * *" if zone == MADRID else "30 1 * * *"
    found = runs(local, zone, at(day, zone), 2)
    assert found[0] == first
    assert found[1][:2] != first[:2]


@pytest.mark.parametrize(("zone", "day"), [(MADRID, "2026-10-25"), (NEW_YORK, "2026-11-01")])
def test_an_interval_goes_on_through_the_repeated_hour(zone: str, day: str) -> None:
    """Every ten minutes means every ten minutes: 25 hours have 150 of them."""
    moment, end = at(day, zone), at(day, zone) + timedelta(hours=25)
    count = 0
    while (moment := next_run("*/10 * * * *", zone, moment)) <= end:
        count += 1
    assert count == 150


@pytest.mark.parametrize(("zone", "day"), [(MADRID, "2026-03-29"), (NEW_YORK, "2026-03-08")])
def test_an_interval_goes_on_through_the_gap(zone: str, day: str) -> None:
    """23 hours have 138 of them, none late and none twice."""
    moment, end = at(day, zone), at(day, zone) + timedelta(hours=23)
    seen = []
    while (moment := next_run("*/10 * * * *", zone, moment)) <= end:
        seen.append(moment.astimezone(UTC))
    assert len(seen) == len(set(seen)) == 138


@given(
    st.sampled_from(["*/10 * * * *", "17 3 * * *", "29 * * * *", "30 2 * * 0", "0 0 1 * *"]),
    st.sampled_from([MADRID, NEW_YORK, "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_it_always_goes_forward(expression: str, zone: str, after: datetime) -> None:
    """A moment that is not later would fire the same slot in every run."""
    found = next_run(expression, zone, after)
    assert found.astimezone(UTC) > after
    assert next_run(expression, zone, found).astimezone(UTC) > found.astimezone(UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "nonsense",
        "* * * *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "* 24 * * *",
        "* * * * 9",
        "*/0 * * * *",
        "* * * * * * *",
        "0 0 31 2 *",
        "9" * 5000 + " * * * *",
    ],
)
def test_a_bad_expression_is_refused(expression: str) -> None:
    """Also one that never comes: the 31st of February."""
    with pytest.raises(InvalidInput) as raised:
        next_run(expression, "UTC", at("2026-11-24T10:00"))
    assert raised.value.field == "cron_expression"


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b", "UTC+1", "localtime"]
)
def test_a_bad_time_zone_is_refused(zone: str) -> None:
    """Whatever an operator wrote into the column, it is that schedule's error and nobody else's."""
    with pytest.raises(InvalidInput) as raised:
        next_run("* * * * *", zone, at("2026-11-24T10:00"))
    assert raised.value.field == "timezone"
