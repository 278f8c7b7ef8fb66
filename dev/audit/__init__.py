"""`make audit`: known weaknesses of the packages that are deployed, and of those that tests and tools use.

pip-audit and npm audit ask PyPI, OSV and the npm registry. Where nobody could be asked, that is said, and the exit
status is 2: nothing was found, and not everything was asked. 1: a weakness. 0: all asked, not one.
"""
