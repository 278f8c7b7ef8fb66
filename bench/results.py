"""What a run found: tables for people, facts for the simulation. Kept as one JSON file for each section."""

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

RESULTS = Path(__file__).resolve().parent / "results"


class Table(BaseModel):
    """Cells as they are shown; the first column names its row."""

    model_config = ConfigDict(frozen=True)

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @model_validator(mode="after")
    def _is_rectangular(self) -> "Table":
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.title}: a row has not {len(self.columns)} cells")
        return self

    def markdown(self) -> str:
        """The table in Markdown, under its title, numbers to the right."""
        lines = [self.columns, ("---", *("--:" for _ in self.columns[1:])), *self.rows]
        return "\n".join([f"{self.title}:", "", *("| " + " | ".join(cells) + " |" for cells in lines)])


class Findings(BaseModel):
    """What a section measured. `facts` are numbers by name, units in the names."""

    model_config = ConfigDict(frozen=True)

    tables: tuple[Table, ...]
    facts: dict[str, float] = {}


class Result(BaseModel):
    """The findings of one section with what they hold for."""

    model_config = ConfigDict(frozen=True)

    section: str
    day: date
    machine: str
    versions: str
    quick: bool
    findings: Findings

    def markdown(self) -> str:
        """The tables, under a line that says when and on what they were measured."""
        about = f"Measured on {self.day} on {self.machine}; {self.versions}."
        if self.quick:
            about += " **A quick run with tiny sizes on a busy machine: it shows that it works, not how fast.**"
        return "\n\n".join([about, *(table.markdown() for table in self.findings.tables)])


def load(section: str, folder: Path = RESULTS) -> Result | None:
    """Return the last result of a section, or None if there is not one."""
    file = folder / f"{section}.json"
    return Result.model_validate_json(file.read_text()) if file.exists() else None


def save(result: Result, folder: Path = RESULTS) -> None:
    """Keep a result in place of the last one."""
    folder.mkdir(exist_ok=True)
    (folder / f"{result.section}.json").write_text(result.model_dump_json(indent=1) + "\n")
