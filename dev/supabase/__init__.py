"""Supabase on this machine: Postgres and the API, its databases, and what pg_cron and pg_net do."""

from dev.supabase.address import Address
from dev.supabase.background import Background
from dev.supabase.databases import Databases
from dev.supabase.stack import Stack, persistent, temporary

__all__ = ["Address", "Background", "Databases", "Stack", "persistent", "temporary"]
