"""The licences of what the functions carry: the packages of requirements.txt, as they are installed here."""

import re
from importlib.metadata import distribution
from pathlib import Path

from dev.licences.package import Package

# What older packages write where an SPDX expression belongs, or have as their only classifier.
OLD_NAMES = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "The MIT License (MIT)": "MIT",
}


def packages(requirements: Path) -> list[Package]:
    """Read the metadata of each pinned package."""
    pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", requirements.read_text(), re.MULTILINE)
    return [Package("functions", name, version, licence(name)) for name, version in pins]


def licence(name: str) -> str:
    """Return a package's licence as an SPDX expression, or what it says instead."""
    metadata = distribution(name).metadata
    classifiers = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or [] if "License ::" in each]
    said = metadata.get("License-Expression") or metadata.get("License") or " ".join(classifiers) or "none"
    first_line = said.strip().splitlines()[0]
    return OLD_NAMES.get(first_line, first_line)
