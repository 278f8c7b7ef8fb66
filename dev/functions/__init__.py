"""Vercel on this machine: serves `api/**/*.py` under Vercel's own Python runtime.

Each file runs in a process of its own, with the deadline, the limits and the errors that Vercel has
(measured on the platform, or read in its sources; `docs` has the figures). Knows nothing of
Supabase: what functions need, the caller gives as their environment.
"""

from dev.functions.functions import Functions

__all__ = ["Functions"]
