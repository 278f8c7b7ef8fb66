"""Jobs that wait for somebody else, by WORKER_CONCURRENCY: the default is chosen by this table."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile, copytree

from bench.functions import functions_env
from bench.lab import Lab
from bench.results import Findings, Table
from bench.runs import refill, tick
from dev.paths import PROJECT

DATABASE = "test_bench_waits"
WAIT_MS = 200
WAITING = """
insert into public.background_jobs (job_type, payload, priority, max_attempts)
select 'send_notification', jsonb_build_object('ms', case when n %% 2 = 0 then %s else 0 end), 2, 5
from generate_series(1, %s) as n
"""
DEFAULT = "as shipped"


def run(lab: Lab) -> Findings:
    """Drain jobs of which half wait, with several settings in turn."""
    jobs = 2 * lab.scale.waiting
    settings: dict[str, dict[str, str]] = {DEFAULT: {}}
    settings |= {str(each): {"WORKER_CONCURRENCY": str(each)} for each in lab.scale.concurrencies}
    seconds: dict[str, list[float]] = {name: [] for name in settings}
    with lab.migrated(DATABASE) as url, lab.connect(url) as db, waiting_project() as project:
        db.execute("update public.job_schedules set enabled = false")
        env = functions_env(lab, DATABASE)
        for _ in range(lab.scale.rounds):
            for name, extra in settings.items():
                refill(db, WAITING, [WAIT_MS, jobs])
                (report,) = tick(project, {**env, **extra}, jobs=jobs)
                seconds[name].append(report["durationMs"] / 1000)
    return _findings(lab, {name: statistics.median(times) for name, times in seconds.items()})


@contextmanager
def waiting_project() -> Iterator[Path]:
    """This project with a job type that only waits in place of send_notification."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in ("api", "lib", "public"):
            copytree(PROJECT / name, project / name)
        copyfile(PROJECT / "vercel.json", project / "vercel.json")
        copyfile(Path(__file__).parent / "waiting_job.py", project / "lib/jobs/send_notification.py")
        yield project


def _findings(lab: Lab, seconds: dict[str, float]) -> Findings:
    waits = lab.scale.waiting
    alone = waits * WAIT_MS / 1000
    rows = tuple((name, f"{took:.2f}", f"{alone / took:.1f}") for name, took in seconds.items())
    title = f"{2 * waits:,} jobs, of which {waits:,} wait {WAIT_MS} ms each ({alone:.0f} s one after another)"
    table = Table(title=title, columns=("WORKER_CONCURRENCY", "seconds", "waits at a time"), rows=rows)
    return Findings(tables=(table,), facts={"waiting_jobs_per_second": 2 * waits / seconds[DEFAULT]})
