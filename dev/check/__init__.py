"""`make check`: what can be said about the code without running it, each said by one check.

    python -m dev.check             all of them
    python -m dev.check ruff mypy   these

Behaviour is for the tests. A check changes nothing in the checkout except its tools' caches.
"""
