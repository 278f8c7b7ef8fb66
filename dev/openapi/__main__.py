"""Write public/openapi.json. With --check write nothing, and fail when the file is not current."""

import sys

from dev import paths
from dev.openapi.description import FILE, rendered

if __name__ == "__main__":
    file, text = paths.PROJECT / FILE, rendered(paths.PROJECT)
    if sys.argv[1:] == ["--check"]:
        sys.exit(None if file.read_text() == text else f"{FILE} is not current: make openapi")
    file.write_text(text)
    print(f"wrote {FILE}")
