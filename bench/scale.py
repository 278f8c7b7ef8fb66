"""How much each benchmark does: the published sizes, or tiny ones that only show that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of one run. Whatever is measured is measured `rounds` times, its rivals in turn."""

    quick: bool
    rounds: int
    singles: int
    """Calls that enqueue one job each."""
    bulk: int
    """Jobs that are enqueued in calls of 1,000."""
    drained: dict[int, int]
    """Jobs to drain, by batch size."""
    small: int
    """Rows of the small fixture, in either table."""
    big: int
    """Rows of the big fixture, in either table."""
    claims: int
    """Timed calls of each claim and each listing."""
    passed_through: int
    """Jobs that go through a table before it counts as used."""
    snapshot_rounds: int
    requests: int
    """HTTP requests in a round."""
    cold_starts: int
    syncs: int
    """Like syncs for one invocation: more than it can drain."""
    waiting: int
    """Jobs that wait 200 ms each; as many again do not wait."""
    concurrencies: tuple[int, ...]


PUBLISHED = Scale(
    quick=False,
    rounds=3,
    singles=2_000,
    bulk=20_000,
    drained={1: 1_500, 10: 8_000, 100: 20_000, 500: 30_000},
    small=1_000,
    big=1_000_000,
    claims=15,
    passed_through=500_000,
    snapshot_rounds=30,
    requests=250,
    cold_starts=10,
    syncs=30_000,
    waiting=100,
    # Fewer would not end in one run: a job starts only while its 5 s timeout fits into the 8 s.
    concurrencies=(10, 20, 40, 80),
)
QUICK = Scale(
    quick=True,
    rounds=1,
    singles=100,
    bulk=2_000,
    drained={1: 100, 10: 500, 100: 2_000, 500: 3_000},
    small=1_000,
    big=20_000,
    claims=3,
    passed_through=4_000,
    snapshot_rounds=6,
    requests=60,
    cold_starts=1,
    syncs=1_000,
    waiting=20,
    concurrencies=(10, 20),
)
