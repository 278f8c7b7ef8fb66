"""pgmq as an adapter: by the SQL that its Python client carries, since there is no extension here."""

from collections.abc import Callable

from pgmq.install import install_pgmq_from_sql
from pgmq.queue import PGMQueue
from psycopg_pool import ConnectionPool

from bench.adapter import calls, database_url, seconds, serve

QUEUE = "noop"
LEASE_SECONDS = 60


def connect() -> PGMQueue:
    """Its client, over one connection that is open already."""
    pool = ConnectionPool(database_url(), min_size=1, max_size=1, open=True, kwargs={"autocommit": True})
    pool.wait()
    return PGMQueue(conn_string=database_url(), pool=pool, init_extension=False)


class Pgmq:
    """send, send_batch, read_batch, archive_batch."""

    def set_up(self) -> None:
        """Install its SQL and make a queue."""
        install_pgmq_from_sql(dsn=database_url())
        connect().create_queue(QUEUE)

    def enqueue_one(self, jobs: int) -> float:
        """By send."""
        queue = connect()

        def enqueue() -> None:
            for number in range(jobs):
                queue.send(QUEUE, {"number": number})

        return seconds(enqueue)

    def enqueue_many(self, jobs: int) -> float:
        """By send_batch."""
        queue = connect()

        def enqueue() -> None:
            for numbers in calls(jobs):
                queue.send_batch(QUEUE, [{"number": number} for number in numbers])

        return seconds(enqueue)

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:
        """Read a batch, archive it, until there is not one more."""
        queue = connect()
        wait_for_go()
        while messages := queue.read_batch(QUEUE, vt=LEASE_SECONDS, batch_size=batch):
            queue.archive_batch(QUEUE, [message.msg_id for message in messages])


if __name__ == "__main__":
    serve(Pgmq())
