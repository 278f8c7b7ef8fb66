"""One file that collects what all functions log, in the order in which it arrives."""

from pathlib import Path


class FunctionsLog:
    """The log file. Processes append to it by themselves too, so it is opened for each entry."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.file.touch()

    def line(self, text: str) -> None:
        """Add an entry of its own line or lines."""
        self.write(text.rstrip("\n") + "\n")

    def write(self, text: str) -> None:
        """Add a part of a stream, as it is."""
        with self.file.open("a") as output:
            output.write(text)

    def text(self) -> str:
        """Return everything so far."""
        return self.file.read_text(errors="replace") if self.file.exists() else ""
