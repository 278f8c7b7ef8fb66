"""`make diagnose-demo`: the app without this project, its faults shown one after another on a real stack.

    python -m dev.diagnose            show them; exit 0 when every one that can be run here was shown
    python -m dev.diagnose --write    and write DIAGNOSTIC_FINDINGS.md with what was seen

The old app is in `old_app`. Its faults are real: browsers over the API, workers as processes, two connections for a
race.
"""
