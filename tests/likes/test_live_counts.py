"""The opt-in: pages are told of like counts as they are counted. Realtime itself is a stand-in: see realtime.sql."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.likes.posts import claim_syncs, let_windows_end, likes, make_post, rate, rate_many, sync_jobs
from tests.sql.calls import Db, outcome, rpc, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import meanwhile, wait_until_blocked

OPTION = Path(__file__).resolve().parents[2] / "supabase" / "optional" / "live_counts.sql"
REALTIME = Path(__file__).with_name("realtime.sql")


@pytest.fixture
def opted_in(connect: Any, db: Db) -> None:
    """The option, applied where Realtime is; twice does no harm."""
    connect("admin").execute(REALTIME.read_bytes())
    for _ in range(2):
        db.execute(OPTION.read_bytes())


def sync(db: Db, post_id: UUID) -> int:
    """Count a post, as its job does."""
    (row,) = rpc(db, "sync_post_like_counts", target_post_ids=[post_id])
    return int(row["likes"])


def run_pending_syncs(db: Db) -> None:
    """Run the sync jobs that there are, and not those that they ask for."""
    let_windows_end(db)
    settle(db, *(outcome(job) for job in claim_syncs(db) if sync(db, job["payload"]["post_id"]) >= 0))


def told(db: Db, post_id: UUID) -> list[dict[str, Any]]:
    """Return the payloads that the pages of a post were sent, in the order in which they were written."""
    rows = db.execute(
        "select payload from realtime.messages where topic = %s order by (payload ->> 'version')::bigint",
        [f"post:{post_id}:likes"],
    ).fetchall()
    return [row["payload"] for row in rows]


def told_likes(db: Db, post_id: UUID) -> list[int]:
    """Return the counts of these messages."""
    return [message["likes"] for message in told(db, post_id)]


def let_a_second_pass(db: Db) -> None:
    """Age what pages were told."""
    db.execute("update queue_private.told_likes set told_at = told_at - interval '1 second'")


@pytest.mark.usefixtures("opted_in")
def test_a_sync_tells_the_count_that_it_changed(db: Db, service: Db, post: UUID) -> None:
    """Once, as a state, on the post's own private channel; a sync that changes nothing says nothing."""
    rate_many(service, post, 3)
    for _ in range(2):
        sync(service, post)
    let_a_second_pass(db)
    db.execute("update public.posts_new set likes = likes")
    [message] = db.execute("select * from realtime.messages").fetchall()
    assert (message["topic"], message["event"], message["private"]) == (f"post:{post}:likes", "likes", True)
    assert message["extension"] == "broadcast"
    payload = message["payload"]
    assert payload.keys() == {"id", "postId", "likes", "version"}
    assert (payload["postId"], payload["likes"]) == (str(post), 3)


@pytest.mark.usefixtures("opted_in")
def test_a_post_is_told_at_most_once_a_second_and_the_last_count_all_the_same(db: Db, service: Db, post: UUID) -> None:
    """What came too soon is owed: a sync is asked for until one may tell it, though these change no count."""
    rate(service, post, "one")
    sync(service, post)
    rate_many(service, post, 2)
    run_pending_syncs(service)
    for _ in range(2):
        assert (told_likes(db, post), likes(db, post), len(sync_jobs(db))) == ([1], 3, 1)
        run_pending_syncs(service)
    let_a_second_pass(db)
    run_pending_syncs(service)
    assert (told_likes(db, post), sync_jobs(db)) == ([1, 3], [])


@pytest.mark.usefixtures("opted_in")
def test_of_two_syncs_of_a_post_the_later_one_has_the_higher_version(
    connect: Any, db: Db, service: Db, open_service: OpenService, post: UUID
) -> None:
    """Also when it began first, and waited: a page that hears them in the other order keeps the newer count."""
    late, early = open_service(autocommit=False), connect(autocommit=False, row_factory=dict_row)
    late.execute("select pg_current_xact_id()")
    rate(service, post, "one")
    sync(early, post)
    rate(service, post, "two")
    let_a_second_pass(early)
    with meanwhile(lambda: rpc(late, "sync_post_like_count", target_post_id=post)) as counting:
        wait_until_blocked(db, late, unless=counting)
        early.commit()
        counting.result()
    late.commit()
    assert told_likes(db, post) == [1, 2]


@pytest.mark.usefixtures("opted_in")
def test_a_sync_does_not_wait_for_what_another_one_pays(
    db: Db, service: Db, open_service: OpenService, post: UUID
) -> None:
    """What is owed to one post is told by any sync; another one meanwhile leaves it alone."""
    for session in ("one", "two"):
        rate(service, post, session)
        sync(service, post)
    let_a_second_pass(db)
    paying = open_service(autocommit=False)
    sync(paying, make_post(service))
    complaints: list[str] = []
    service.add_notice_handler(lambda notice: complaints.append(notice.message_primary or ""))
    sync(service, make_post(service))
    assert complaints == []
    paying.commit()
    assert told_likes(db, post) == [1, 2]


@pytest.mark.usefixtures("opted_in")
def test_an_error_of_realtime_fails_no_sync(service: Db, post: UUID) -> None:
    """The count is what matters; the failure is a warning."""
    warnings: list[str] = []
    service.add_notice_handler(lambda notice: warnings.append(notice.message_primary or ""))
    service.execute("set test.realtime_is_broken = 'yes'")
    rate_many(service, post, 2)
    assert (sync(service, post), likes(service, post)) == (2, 2)
    assert warnings == [f"the likes of post {post} are told to no page: realtime is broken"]


@pytest.mark.usefixtures("opted_in")
@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_anybody_may_listen_to_counts_and_nobody_may_speak(connect: Any, service: Db, post: UUID, role: str) -> None:
    """Realtime asks the policies for the topic of the channel that a client joins."""
    rate(service, post)
    sync(service, post)
    client = connect(role)

    def heard(topic: str) -> int:
        client.execute("select set_config('realtime.topic', %s, false)", [topic])
        return len(client.execute("select from realtime.messages").fetchall())

    assert [heard(f"post:{post}:likes"), heard("chat:1"), heard("")] == [1, 0, 0]
    client.execute("select set_config('realtime.topic', %s, false)", [f"post:{post}:likes"])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute("insert into realtime.messages (topic, extension) values ('post:x:likes', 'broadcast')")


@pytest.mark.usefixtures("opted_in")
def test_what_was_told_is_forgotten(db: Db, service: Db, post: UUID) -> None:
    """The table holds a minute's posts, not all."""
    rate(service, post)
    sync(service, post)
    db.execute("update queue_private.told_likes set told_at = told_at - interval '2 minutes'")
    sync(service, make_post(service))
    assert db.execute("select from queue_private.told_likes").fetchall() == []


def test_without_realtime_nothing_is_installed(db: Db, service: Db, post: UUID) -> None:
    """A notice says what is missing, and likes are counted as before."""
    notices: list[str] = []
    db.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    db.execute(OPTION.read_bytes())
    assert "no page is told of likes; missing: realtime.send" in notices
    rate(service, post)
    assert sync(service, post) == 1


@pytest.mark.usefixtures("opted_in")
def test_nobody_else_can_call_it(connect: Any) -> None:
    """Its functions are triggers of the like sync, and nothing besides."""
    for role in ("anon", "authenticated", "service_role"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(role).execute("select queue_private.send_likes(%s, 1)", [uuid4()])


@pytest.mark.usefixtures("opted_in")
def test_it_ends_as_the_document_says(db: Db, service: Db, post: UUID) -> None:
    """Nothing of it is left, likes are counted on, and it can be applied again."""
    text = (OPTION.parents[2] / "docs" / "frontend.md").read_text()
    [statements] = re.findall(r"^ *```sql\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    db.execute(statements)
    rows = db.execute("select proname as name from pg_proc union select tgname from pg_trigger").fetchall()
    assert [row["name"] for row in rows if row["name"].startswith(("tell_", "send_likes"))] == []
    rate(service, post)
    assert sync(service, post) == 1
    db.execute(OPTION.read_bytes())


# -- versions, which caches use too


def version(db: Db) -> int:
    """The version of a snapshot that is taken now."""
    row = db.execute("select queue_private.snapshot_version() as version").fetchone()
    assert row
    return int(row["version"])


def test_versions_grow_with_every_transaction_that_ends(db: Db, open_service: OpenService, post: UUID) -> None:
    """Committed or not, in whatever order they began, with subtransactions too. Never does one fall."""
    writers = [open_service(autocommit=False) for _ in range(4)]
    seen = version(db)
    for step in range(200):
        writer = writers[(step * 7 + step // 3) % 4]
        has_begun = writer.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        if not has_begun or step % 5 == 0:
            writer.execute("savepoint here")
            writer.execute("select pg_current_xact_id()")
            writer.execute("select 1 from public.posts_new where id = %s for key share", [post])
            assert version(db) >= seen
        else:
            before = version(db)
            assert before >= seen
            writer.commit() if step % 2 else writer.rollback()
            assert version(db) > before
        seen = version(db)


def test_a_transaction_does_not_count_itself_as_ended(db: Db, open_service: OpenService) -> None:
    """Else what it tells could have the version of what the next one tells."""
    writer = open_service(autocommit=False)
    writer.execute("select pg_current_xact_id()")
    for _ in range(200):
        # Something ends, so that the writer's own number is among those that a snapshot judges.
        db.execute("select pg_current_xact_id()")
        before, own, after = version(db), version(writer), version(db)
        if before == after:
            assert own == before
            return
    pytest.fail("the cluster was never quiet for a moment")


def test_counts_come_with_their_version(service: Db, post: UUID) -> None:
    """Of those posts that exist; a later reading has a higher one."""
    rate_many(service, post, 2)
    [before] = rpc(service, "post_like_counts", post_ids=[post, uuid4()])
    sync(service, post)
    [after] = rpc(service, "post_like_counts", post_ids=[post])
    assert (before["post_id"], before["likes"], after["likes"]) == (post, 0, 2)
    assert before["version"] < after["version"] < 2**53
    assert json.loads(json.dumps(after["version"])) == after["version"]
