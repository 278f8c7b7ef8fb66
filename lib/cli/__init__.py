"""The operators' command line: `python -m lib.cli`, `make queue ARGS=...`. Never deployed."""
