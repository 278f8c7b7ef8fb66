"""What a like on one hot post costs, from 8 connections: with the triggers, without, and as a naive counter."""

import itertools

from bench.measuring import Connection, connect, rate, show
from dev.supabase.stack import Stack

CONNECTIONS = 8
SECONDS = 4.0


def run(stack: Stack) -> None:
    """Print the three rates against the one without any trigger."""
    with connect(stack) as db:
        row = db.execute("insert into posts_new (caption) values ('hot') returning id").fetchone()
        post = row[0] if row else None
        numbers = itertools.count()

        def like(connection: Connection, _: int) -> int:
            connection.execute(
                "insert into post_ratings (post_id, session_id) values (%s, %s)", [post, f"session-{next(numbers)}"]
            )
            return 1

        def like_and_count(connection: Connection, number: int) -> int:
            with connection.transaction():
                like(connection, number)
                connection.execute("update posts_new set likes = likes + 1 where id = %s", [post])
            return 1

        db.execute("alter table post_ratings disable trigger user")
        without = rate(stack, CONNECTIONS, SECONDS, like)
        naive = rate(stack, CONNECTIONS, SECONDS, like_and_count)
        db.execute("alter table post_ratings enable trigger user")
        queued = rate(stack, CONNECTIONS, SECONDS, like)
    show("likes without any trigger", without, without)
    show("likes that ask for a sync", queued, without)
    show("likes with likes = likes + 1", naive, without)
