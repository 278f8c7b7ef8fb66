"""What can go wrong with the local stack, as errors that say what to do about it."""


class StackError(RuntimeError):
    """The stack cannot do what was asked. The message is meant for the person at the terminal."""
