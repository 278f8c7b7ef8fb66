"""Vercel on this machine: serves `api/**/*.py` under Vercel's own Python runtime.

Each file runs in a process of its own, with the deadline, the limits and the errors that Vercel has
(measured on the platform, or read in its sources). Knows nothing of Supabase: the caller gives what
functions need as their environment.
"""

from dev.vercel.functions import Functions

__all__ = ["Functions"]
