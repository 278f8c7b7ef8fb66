"""`python -m lib.cli`."""

from lib.cli.app import main

main()
