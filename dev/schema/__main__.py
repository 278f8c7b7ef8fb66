"""Write the files that say what the migrations make. With --check write nothing, and fail when they are not current."""

import sys

from dev import paths
from dev.schema.expected import rendered
from dev.supabase import temporary


def main() -> str | None:
    """Return what is wrong, if anything is."""
    with temporary(paths.PROJECT) as stack:
        files = rendered(stack.address, paths.PROJECT)
    stale = [
        name
        for name, text in files.items()
        if not (paths.PROJECT / name).is_file() or (paths.PROJECT / name).read_text() != text
    ]
    if sys.argv[1:] == ["--check"]:
        return f"not current: {', '.join(stale)}; make schema" if stale else None
    for name in stale:
        (paths.PROJECT / name).write_text(files[name])
        print(f"wrote {name}")
    return None


if __name__ == "__main__":
    sys.exit(main())
