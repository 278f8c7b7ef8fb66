"""The forecast: when the backlog is gone at the rates at which jobs come and go now; null is never."""

from tests.sql.bulk import ended_jobs, pending_jobs, worker_run
from tests.sql.calls import Db, Row, enqueue, value


def stats(db: Db) -> Row:
    """Call queue_stats."""
    reply: Row = value(db, "queue_stats")
    return reply


def arrive(db: Db, number: int, *, ago_s: int, due_in_s: int = -5) -> None:
    """Insert pending jobs that were made so many seconds ago."""
    db.execute(
        """
        insert into public.background_jobs (id, job_type, created_at, scheduled_for)
        select (left(queue_private.first_job_id(now() - make_interval(secs => %s))::text, 18)
            || right(gen_random_uuid()::text, 18))::uuid,
          'send_notification', now() - make_interval(secs => %s), now() + make_interval(secs => %s)
        from generate_series(1, %s)
        """,
        [ago_s, ago_s, due_in_s, number],
    )


def test_one_burst_is_a_backlog_and_no_rate(service: Db) -> None:
    """1,200 due jobs, and 1,000 that ended in the last ten minutes: twelve minutes, or a little less."""
    pending_jobs(service, 1200)
    ended_jobs(service, 1000)
    reply = stats(service)
    assert reply["rates"]["arriving_per_minute"] == 0
    assert 1200 * 0.54 <= reply["forecast_seconds"] <= 1200 * 0.6 + 1


def test_what_keeps_arriving_slows_the_end_down(service: Db) -> None:
    """30 a minute come, about 100 go."""
    for minute in range(10):
        arrive(service, 30, ago_s=60 * minute + 30)
    ended_jobs(service, 1000)
    reply = stats(service)
    assert reply["rates"]["arriving_per_minute"] == 30
    assert 300 / 82 * 60 <= reply["forecast_seconds"] <= 300 / 70 * 60 + 1


def test_a_backlog_that_grows_is_never_gone(service: Db) -> None:
    """As many come as can go."""
    for minute in range(10):
        arrive(service, 30, ago_s=60 * minute + 30)
    ended_jobs(service, 200)
    assert stats(service)["forecast_seconds"] is None


def test_runs_with_time_to_spare_could_do_more(service: Db) -> None:
    """A queue that each tick empties ends what arrives, and no more: that is not its capacity."""
    for minute in range(10):
        arrive(service, 30, ago_s=60 * minute + 30)
    ended_jobs(service, 300)
    worker_run(service, ago_s=60, lasted_s=0.8, budget_ms=8000)
    reply = stats(service)
    assert reply["rates"]["capacity_per_minute"] >= 10 * reply["rates"]["ending_per_minute"] - 1
    assert 0 < reply["forecast_seconds"] <= 70


def test_jobs_of_later_do_not_arrive_now(service: Db) -> None:
    """They are scheduled: nobody waits for them."""
    for minute in range(10):
        arrive(service, 30, ago_s=60 * minute + 30, due_in_s=86_400)
    assert stats(service)["rates"]["arriving_per_minute"] == 0


def test_a_flood_is_measured_by_its_newest_jobs(service: Db) -> None:
    """More than are looked at came in the last minute: their mean is the rate, not what fits into the look."""
    arrive(service, 10_500, ago_s=20)
    assert 20_000 < stats(service)["rates"]["arriving_per_minute"] <= 30_000


def test_nothing_due_is_done_at_once(service: Db) -> None:
    """Also without a pace."""
    assert stats(service)["forecast_seconds"] == 0


def test_without_a_pace_there_is_no_forecast(service: Db) -> None:
    """Nothing ended lately."""
    enqueue(service)
    assert stats(service)["forecast_seconds"] is None


def test_cancelled_jobs_are_no_pace(service: Db) -> None:
    """No worker ended them."""
    enqueue(service)
    ended_jobs(service, 100, "cancelled")
    assert stats(service)["forecast_seconds"] is None


def test_paused_jobs_are_not_forecast(service: Db) -> None:
    """They wait for an operator, and what arrives for them burdens nobody."""
    for minute in range(10):
        arrive(service, 30, ago_s=60 * minute + 30)
    ended_jobs(service, 10)
    value(service, "pause_job_type", job_type="send_notification")
    reply = stats(service)
    assert (reply["forecast_seconds"], reply["rates"]["arriving_per_minute"]) == (0, 0)
