"""Ending on a signal as on an error: the `with` blocks stop what they started, once."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Someone asked this program to end. Not an Exception, so that nothing swallows it."""


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn the first ending signal within the block into its end; ignore the further ones.

    A second Ctrl-C would otherwise cut short the clean-up that the first one began.
    """

    def end(_signum: int, _frame: FrameType | None) -> None:
        for signum in ENDING:
            signal.signal(signum, signal.SIG_IGN)
        raise Ended

    before = {signum: signal.signal(signum, end) for signum in ENDING}
    try:
        with contextlib.suppress(Ended):
            yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
