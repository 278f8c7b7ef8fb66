"""The existing app may count likes by triggers: they are found, named and switched off, and can come back."""

from collections.abc import Iterator
from typing import LiteralString

import pytest

from tests.conftest import Clones
from tests.likes.posts import drain, drift, rate, set_like
from tests.sql.adopting import UNRATED, acting_as, existing_app, fingerprint, migrate, rows
from tests.sql.calls import Db

COUNTER: LiteralString = """
    create function public.count_like() returns trigger language plpgsql {} as $$
    begin
      update public.posts_new set likes = likes + 1 where id = new.post_id;
      return new;
    end $$;
    create trigger count_likes after insert on public.post_ratings
    for each row execute function public.count_like();
"""
INDIRECT: LiteralString = """
    create function public.bump(post uuid) returns void language sql as
      'UPDATE posts_new SET likes = likes + 1 WHERE id = post';
    create function public.count_like() returns trigger language plpgsql as
      $$ begin perform public.bump(new.post_id); return null; end $$;
    create trigger "Count likes" after insert on public.post_ratings
    for each row execute function public.count_like();
"""
HARMLESS: LiteralString = """
    create table public.activity (what text);
    create function public.note() returns trigger language plpgsql as
      $$ begin insert into activity values (tg_table_name); return null; end $$;
    create trigger note after insert on public.post_ratings for each row execute function public.note();
"""


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


def migrate_and_listen(app: Db) -> list[str]:
    """Apply the migrations and return the warnings."""
    heard: list[str] = []
    app.add_notice_handler(
        lambda notice: heard.append(notice.message_primary or "") if notice.severity == "WARNING" else None
    )
    migrate(app)
    return heard


@pytest.mark.parametrize(
    ("made_by_the_app", "trigger", "as_owner"),
    [
        (COUNTER.format(""), "count_likes", False),
        (COUNTER.format("security definer set search_path = public"), "count_likes", True),
        (INDIRECT, "Count likes", False),
    ],
)
def test_a_counter_is_switched_off_and_named(app: Db, made_by_the_app: str, trigger: str, as_owner: bool) -> None:
    """As invoker every rating of a client failed with 42501; as definer each like counted twice."""
    app.execute(made_by_the_app.encode())
    (warning,) = migrate_and_listen(app)
    assert trigger in warning
    assert "count_like()" in warning
    (told,) = rows(app, "select * from queue_private.disabled_triggers")
    assert (told["trigger_name"], told["runs_as_owner"], told["enabled_was"]) == (trigger, as_owner, "O")
    assert "EXECUTE FUNCTION" in told["definition"]
    with acting_as(app, "anon"):
        rate(app, UNRATED, "session-z")
    assert set_like(app, UNRATED) == (True, 2)
    drain(app)
    assert drift(app) == {}


def test_a_trigger_that_does_not_count_stays(app: Db) -> None:
    """Only what names both the posts and their likes."""
    app.execute(HARMLESS)
    assert migrate_and_listen(app) == []
    rate(app, UNRATED, "session-z")
    assert len(rows(app, "select from public.activity")) == 1


def test_what_the_owner_switches_on_again_stays_on(app: Db) -> None:
    """It may do more than counting; the owner knows."""
    app.execute(COUNTER.format("").encode())
    migrate(app)
    app.execute("alter table public.post_ratings enable trigger count_likes")
    before = fingerprint(app)
    assert migrate_and_listen(app) == []
    assert fingerprint(app) == before
