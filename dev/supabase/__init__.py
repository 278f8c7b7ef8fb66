"""Supabase on this machine: Postgres and the API, and their databases.

What pg_cron and pg_net do is `dev.supabase.background`, which is imported by itself: it takes httpx along.
"""

from dev.supabase.address import Address
from dev.supabase.databases import Databases
from dev.supabase.stack import Stack, persistent, temporary

__all__ = ["Address", "Databases", "Stack", "persistent", "temporary"]
