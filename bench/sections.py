"""The sections of `make bench`, in the order in which they run: what leaves a big database behind comes last."""

from collections.abc import Callable, Mapping

from bench import (
    cold_starts,
    draining,
    enqueueing,
    forecast,
    growth,
    invocations,
    likes,
    old_statistics,
    requests,
    waits,
    wear,
)
from bench.lab import Lab
from bench.measuring import shown_as_table
from bench.results import Findings


def _likes(lab: Lab) -> Findings:
    """What bench.likes shows, as a table. It uses the stack's own database."""
    with shown_as_table("Likes on one hot post, 8 connections") as table:
        likes.run(lab.stack)
        return Findings(tables=(table(),))


SECTIONS: Mapping[str, Callable[[Lab], Findings]] = {
    "enqueue": enqueueing.run,
    "drain": draining.run,
    "likes": _likes,
    "http": requests.run,
    "cold": cold_starts.run,
    "invocation": invocations.run,
    "concurrency": waits.run,
    "simulation": forecast.run,
    "wear": wear.run,
    "statistics": old_statistics.run,
    "growth": growth.run,
}
