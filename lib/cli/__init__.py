"""The operators' command line: `python -m lib.cli`, `./queue`, `make queue ARGS=...`. Never deployed.

It asks the same services as the operators' routes, over HTTP or in this process: see docs/cli.md.
"""
