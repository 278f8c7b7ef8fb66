"""`python -m dev.doctor DATABASE_URL`: what is wrong with a database, and what mends it.

For any Supabase project, before the queue's migrations as well as after them. `examine` is the same for programs.
"""

from dev.doctor.examination import Finding, examine

__all__ = ["Finding", "examine"]
