"""The npm programs of `make check`: Vercel's and Supabase's command lines.

Installed from the lock file beside this module, on first use, outside the checkout: 500 MB that
`make test` and `make demo` do not need.
"""

from pathlib import Path

from dev import npm

HERE = Path(__file__).resolve().parent


def program(name: str) -> list[str]:
    """Return the command that runs `vercel` or `supabase`. Installs on the first call. Locked."""
    script = npm.install(HERE) / "node_modules" / ".bin" / name
    return [str(npm.node()), str(script.resolve())]
