"""A backlog and the invocations that drain it, as events on a clock of their own. Pure: no database and no chance.

A tick of the cron starts a run when fewer than `max_runs` are under way. A run that finds more than it can do wakes a
sibling; one that ends on its budget with work left starts a successor. Neither goes beyond `max_runs`.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured, of one kind of job."""

    jobs_per_second: float
    """Of one run alone."""
    jobs_per_second_of_two: float
    """Of two runs at once, together."""
    start_s: float
    """From the call of a function to its first claim."""
    calls_per_run: float
    calls_per_job: float

    def of(self, runs: int) -> float:
        """Jobs a second of so many runs at once: what they share (the database) is estimated from one and two runs,
        by Amdahl's law."""
        shared = max(0.0, 2 * self.jobs_per_second / self.jobs_per_second_of_two - 1)
        return runs * self.jobs_per_second / (1 + shared * (runs - 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a run may work, how many may work at once, and how often the cron looks."""

    budget_s: float
    max_runs: int
    hands_over: bool = True
    """Whether runs start others; without it there is only the cron."""
    cron_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What draining the backlog took. `busy_s` adds up the time of all runs."""

    invocations: int
    seconds: float
    most_at_once: int
    calls: float
    busy_s: float
    most_calls_per_second: float


@dataclass(slots=True)
class _Run:
    works_from: float
    ends_at: float


def simulate(jobs: float, rates: Rates, limits: Limits) -> Outcome:
    """Drain so many due jobs, beginning with a tick of the cron."""
    return _Simulation(jobs, rates, limits).run()


class _Simulation:
    """The clock stands at `now`; `left` jobs are due."""

    def __init__(self, jobs: float, rates: Rates, limits: Limits) -> None:
        self.left, self.jobs, self.rates, self.limits = jobs, jobs, rates, limits
        self.now = self.next_tick = self.busy_s = 0.0
        self.runs: list[_Run] = []
        self.invocations = self.most_at_once = self.most_working = 0

    def run(self) -> Outcome:
        """Go from event to event until nothing is left."""
        while True:
            self._end_runs()
            self._tick()
            self._wake_siblings()
            if self.left <= 0:
                break
            self._pass_time()
        self.busy_s += sum(self.now - run.works_from + self.rates.start_s for run in self.runs)
        return self._outcome()

    def _end_runs(self) -> None:
        """A run that ends with work left hands it over."""
        ended = [run for run in self.runs if run.ends_at <= self.now]
        self.runs = [run for run in self.runs if run.ends_at > self.now]
        for _ in ended:
            self.busy_s += self.limits.budget_s + self.rates.start_s
            if self.limits.hands_over and self.left > 0:
                self._start()

    def _tick(self) -> None:
        if self.now >= self.next_tick:
            self.next_tick += self.limits.cron_s
            if len(self.runs) < self.limits.max_runs:
                self._start()

    def _wake_siblings(self) -> None:
        """A run that has just looked at the queue and cannot do all of it calls one more."""
        looked = any(run.works_from == self.now for run in self.runs)
        room = len(self.runs) < self.limits.max_runs
        if self.limits.hands_over and looked and room and self.left > self._within_reach():
            self._start()

    def _within_reach(self) -> float:
        """The jobs that those who are under way can do before they end."""
        return sum((run.ends_at - max(self.now, run.works_from)) * self.rates.jobs_per_second for run in self.runs)

    def _start(self) -> None:
        works_from = self.now + self.rates.start_s
        self.runs.append(_Run(works_from, works_from + self.limits.budget_s))
        self.invocations += 1
        self.most_at_once = max(self.most_at_once, len(self.runs))

    def _pass_time(self) -> None:
        """Go to the next event: a tick, a run that begins to work or ends, or the last job."""
        working = sum(run.works_from <= self.now for run in self.runs)
        self.most_working = max(self.most_working, working)
        rate = self.rates.of(working) if working else 0.0
        moments = [self.next_tick, *(run.ends_at for run in self.runs)]
        moments += [run.works_from for run in self.runs if run.works_from > self.now]
        then = min(moments)
        if rate and self.now + self.left / rate <= then:
            then, self.left = self.now + self.left / rate, 0.0
        else:
            self.left -= rate * (then - self.now)
        self.now = then

    def _outcome(self) -> Outcome:
        calls = self.invocations * self.rates.calls_per_run + self.jobs * self.rates.calls_per_job
        busiest = self.rates.of(self.most_working) * self.rates.calls_per_job if self.most_working else 0.0
        return Outcome(self.invocations, self.now, self.most_at_once, math.ceil(calls), self.busy_s, busiest)
