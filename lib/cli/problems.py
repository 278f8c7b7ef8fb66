"""What can go wrong for whoever types a command, and the exit code that says so to scripts."""

from enum import IntEnum

from lib import errors


class Exit(IntEnum):
    """Exit codes. They are documented in docs/cli.md, and scripts rely on them."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    NOT_FOUND = 5
    INTERRUPTED = 130


class BadUsage(Exception):
    """What was typed, or the environment, cannot be understood."""


class NotReachable(Exception):
    """Nobody answers, or what answers is no queue."""


# Fields of the routes, as the command line has them.
_TYPED = {
    "jobType": "job type",
    "cronExpression": "--cron",
    "scheduledFor": "--at",
    "idempotencyKey": "--key",
    "maxAttempts": "--max-attempts",
    "priority": "--priority",
    "timezone": "--timezone",
}

EXPECTED = (BadUsage, NotReachable, errors.QueueError)


def exit_code(problem: Exception) -> Exit:
    """Return the code for an expected problem."""
    match problem:
        case BadUsage() | errors.InvalidInput() | errors.Misconfigured():
            return Exit.USAGE
        case errors.NotFound():
            return Exit.NOT_FOUND
        case NotReachable() | errors.DatabaseUnavailable() | errors.DatabaseTimeout() | errors.UnreadableAnswer():
            return Exit.UNREACHABLE
        case _:
            return Exit.REFUSED


def explain(problem: Exception) -> list[str]:
    """Return what to tell, a line each; further broken rules follow the first."""
    match problem:
        case errors.InvalidInput():
            broken = [errors.BrokenRule(problem.field, problem.rule), *problem.others]
            return [f"{_TYPED.get(each.field, each.field)}: {each.rule}" for each in broken]
        case errors.NotAuthenticated():
            return [f"{problem}: is the token right, and is it the one of this queue?"]
        case errors.DatabaseUnavailable() | errors.DatabaseTimeout() | errors.UnreadableAnswer():
            return [f"Supabase does not answer: {problem}"]
        case errors.DatabaseRejected():
            return [f"Supabase refused: {problem}"]
        case _:
            return [str(problem)]
