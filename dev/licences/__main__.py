"""Write docs/licences.md. Exit status 1 when a licence is not allowed."""

from collections.abc import Iterable

from dev import paths
from dev.licences import npm, python
from dev.licences.package import ALLOWED, Package
from dev.process import pipes

PAGE = paths.PROJECT / "docs/licences.md"
# Lock files whose packages are bundled into public/.
BUNDLED = {"dashboard/package-lock.json": "dashboard"}
HEAD = """# Licences of what is deployed

`make licences` writes this page from what the packages say of themselves. Tools that only tests and development use are
not deployed, and not listed. Allowed are
{allowed}.

| where | package | version | licence |
|---|---|---|---|
"""


def deployed() -> list[Package]:
    """Every package that a deployment carries."""
    found = python.packages(paths.PROJECT / "requirements.txt")
    for lock, where in BUNDLED.items():
        if (paths.PROJECT / lock).exists():
            found += npm.packages(paths.PROJECT / lock, where)
    return sorted(found)


def page(packages: Iterable[Package]) -> str:
    """The whole document."""
    rows = (f"| {each.where} | {each.name} | {each.version} | {each.licence} |\n" for each in packages)
    return HEAD.format(allowed=", ".join(sorted(ALLOWED))) + "".join(rows)


def main() -> int:
    """Write the page, and say what may not be deployed."""
    packages = deployed()
    PAGE.write_text(page(packages))
    refused = [each for each in packages if not each.allowed]
    print(*(f"not allowed: {each.name} {each.version}: {each.licence}" for each in refused), sep="\n", end="")
    return 1 if refused else 0


if __name__ == "__main__":
    pipes.run(main)
