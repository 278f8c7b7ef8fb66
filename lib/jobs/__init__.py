"""The job types, one page each. Importing this package registers them all; a new page needs no entry anywhere.

Modules whose name begins with an underscore are not pages.
"""

import importlib
import pkgutil

for _page in pkgutil.iter_modules(__path__):
    if not _page.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_page.name}")
