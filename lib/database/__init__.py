"""The one door to Supabase: its database functions, Auth and Storage. Nothing else here imports supabase's libraries.

It must not know what a job is. Callers name a function, its arguments and the model of its answer.
"""

from lib.database.client import NOTHING, Database
from lib.database.storage_calls import StorageCalls
from lib.database.time_limit import MAX_CALL_S, TimeLeft
from lib.database.transport import Connections, Reply, Transport, Unreachable

__all__ = [
    "MAX_CALL_S",
    "NOTHING",
    "Connections",
    "Database",
    "Reply",
    "StorageCalls",
    "TimeLeft",
    "Transport",
    "Unreachable",
]
