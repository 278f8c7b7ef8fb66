"""A package with its licence, and which licences are taken."""

import re
from dataclasses import dataclass

# Licences that ask for their text to be kept, and MPL-2.0, which asks for changes of its own files to be published: we
# change not one. OFL-1.1 is for fonts. None of them reaches the code around it.
ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"}
    | {"MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0", "Unlicense", "Zlib"}
)


@dataclass(frozen=True, order=True)
class Package:
    """`where` it is deployed; `licence` is an SPDX expression."""

    where: str
    name: str
    version: str
    licence: str

    @property
    def allowed(self) -> bool:
        """Whether we may deploy it: of `A OR B` one is enough, of `A AND B` both are needed."""
        choices = self.licence.strip("()").split(" OR ")
        return any(all(part in ALLOWED for part in re.split(r" AND ", choice)) for choice in choices)
