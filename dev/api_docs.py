"""The page of the API: dashboard/api-docs over swagger-ui-dist, put into public/docs/, as the build on Vercel does."""

import shutil
import subprocess
from pathlib import Path

from dev import dashboard, paths, toolchain
from dev.errors import StackError
from dev.process.locks import locked

PATH = "/docs/"


def build(project: Path = paths.PROJECT) -> Path:
    """Put the page below the project's public/, and return its folder there. Raises StackError if npm or Node fails."""
    target = project / "public" / PATH.strip("/")
    with locked(paths.cache_home() / "api-docs.lock"):
        copy = dashboard.installed(project / "dashboard")
        try:
            done = subprocess.run(
                [str(toolchain.node()), str(copy / "api-docs/build.mjs"), str(target)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        finally:
            shutil.rmtree(copy, ignore_errors=True)
    if done.returncode:
        raise StackError(f"the API's page could not be made:\n{done.stdout.strip()}")
    return target
