"""`make install-into DIR=../app`: put the queue into the repository of an app,
bring it up to date, or take it out.

    python -m dev.install --into ../app --dry-run   what it would do
    python -m dev.install --into ../app             do it: again for an upgrade
    python -m dev.install --into ../app --remove    take out what it put in

It changes files only: no database, no deployment, no commit. What it put in is
in the app's `.suplatzigram-queue.json`. docs/adopt.md says what to do before
and afterwards.
"""
