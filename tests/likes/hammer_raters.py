"""What the hammer's raters do: each action is one way in which ratings change, drawn by the rater's own seed."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from tests.likes.posts import make_post, rate, set_like, toggle_like, unrate
from tests.sql.calls import Db

# How often a post is replaced.
RENEWAL_S = 0.03
# What direct statements may meet: the rating is there already, or the post is gone.
EXPECTED = (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation)


@dataclass
class Wall:
    """The posts that all raters see. Each is soon replaced by a new one: a count that went wrong would be mended by
    the next rating of the same post, so most posts must get their last rating long before the end."""

    posts: list[UUID]
    turn: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pick(self, chance: random.Random) -> UUID:
        """Some post: the first ones are hot."""
        return self.posts[min(int(chance.expovariate(6 / len(self.posts))), len(self.posts) - 1)]

    def replace(self, old: UUID, new: UUID) -> None:
        """Put a new post in the place of an old one, unless somebody did."""
        with self.lock:
            if old in self.posts:
                self.posts[self.posts.index(old)] = new

    def renew(self, db: Db) -> None:
        """Replace the next post in turn."""
        self.turn = (self.turn + 1) % len(self.posts)
        self.replace(self.posts[self.turn], make_post(db))
        time.sleep(RENEWAL_S)


@dataclass
class Rater:
    """One connection that rates. Single clicks are of sessions that all raters share, transactions of its own ones:
    two transactions of one session over the same posts may deadlock, as any two writers of the same rows."""

    name: str
    db: Db
    chance: random.Random
    wall: Wall
    longest_hold_s: float
    deletes_posts: bool
    rates_as_anon: bool
    done: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        """Do one thing."""
        choices: list[tuple[Callable[[], None], int]] = [
            (self.click, 40),
            (self.burst, 4),
            (self.hold_a_transaction_open, 14),
            (self.bulk_insert, 2),
            (self.bulk_delete, 2),
            (self.move_ratings, 4),
            (self.delete_a_post, 2 if self.deletes_posts else 0),
        ]
        actions, weights = zip(*choices, strict=True)
        (action,) = self.chance.choices(actions, weights)
        try:
            action()
            self.done[action.__name__] += 1
        except EXPECTED as refused:
            self.done[type(refused).__name__] += 1
        except psycopg.errors.DeadlockDetected:
            # Whoever deletes a post locks it and then its ratings; raters do it the other way round.
            if not self.deletes_posts:
                raise
            self.done["deadlock with a deleted post"] += 1

    def shared_session(self) -> str:
        """A session that other raters use at the same time."""
        return f"shared-{self.chance.randrange(25)}"

    def own_session(self) -> str:
        """A session that only this rater uses."""
        return f"{self.name}-{self.chance.randrange(10)}"

    def change(self, post: UUID, session: str) -> None:
        """Change one rating in one of the ways in which the app does."""
        match self.chance.randrange(5):
            case 0:
                set_like(self.db, post, session, liked=True)
            case 1:
                set_like(self.db, post, session, liked=False)
            case 2:
                toggle_like(self.db, post, session)
            case 3:
                self.rate_directly(post, session)
            case _:
                unrate(self.db, post, session)

    def rate_directly(self, post: UUID, session: str) -> None:
        """Insert, as a client where clients may. The savepoint keeps a refused insert from ending a transaction."""
        with self.db.transaction():
            if self.rates_as_anon:
                self.db.execute("set local role anon")
            rate(self.db, post, session)
            if self.rates_as_anon:
                self.db.execute("set local role service_role")

    def click(self) -> None:
        """One change in a transaction of its own."""
        self.change(self.wall.pick(self.chance), self.shared_session())

    def burst(self) -> None:
        """Many clicks on one post, one after another."""
        post = self.wall.pick(self.chance)
        for _ in range(20):
            toggle_like(self.db, post, self.shared_session())

    def hold_a_transaction_open(self) -> None:
        """Several changes, some under savepoints, some of them rolled back; then a wait; then the end."""
        with self.db.transaction(force_rollback=self.chance.random() < 0.3):
            for _ in range(self.chance.randint(1, 5)):
                undo = self.chance.random() < 0.25
                posts = [self.wall.pick(self.chance) for _ in range(self.chance.randint(1, 3))]
                self.change_under_a_savepoint(posts, self.own_session(), undo=undo)
            time.sleep(self.chance.uniform(0, self.longest_hold_s))

    def change_under_a_savepoint(self, posts: list[UUID], session: str, *, undo: bool) -> None:
        """Change ratings; what was refused or is undone leaves the rest of the transaction as it is."""
        try:
            with self.db.transaction(force_rollback=undo):
                for post in posts:
                    self.change(post, session)
        except EXPECTED as refused:
            self.done[type(refused).__name__] += 1

    def bulk_insert(self) -> None:
        """Rate all posts of the wall in one statement."""
        self.db.execute(
            """
            insert into public.post_ratings (post_id, session_id)
            select post.id, %s from public.posts_new as post where post.id = any (%s) for key share of post
            on conflict do nothing
            """,
            [self.own_session(), list(self.wall.posts)],
        )

    def bulk_delete(self) -> None:
        """Take back everything of one session in one statement."""
        self.db.execute("delete from public.post_ratings where session_id = %s", [self.own_session()])

    def move_ratings(self) -> None:
        """Move a session's rating to another post."""
        self.db.execute(
            "update public.post_ratings set post_id = %s where post_id = %s and session_id = %s",
            [self.wall.pick(self.chance), self.wall.pick(self.chance), self.own_session()],
        )

    def delete_a_post(self) -> None:
        """Delete one and add another."""
        old = self.wall.pick(self.chance)
        self.db.execute("delete from public.posts_new where id = %s", [old])
        self.wall.replace(old, make_post(self.db))


def truncate(owner: Db) -> None:
    """Remove all ratings at once, if no open transaction is in the way."""
    owner.execute("set lock_timeout = '300ms'")
    with contextlib.suppress(psycopg.errors.LockNotAvailable):
        owner.execute("truncate public.post_ratings")
    time.sleep(0.7)
