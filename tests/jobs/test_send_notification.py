"""A user is told once, in the app and in each of their browsers."""

import asyncio
import threading
import uuid
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dev.demo.browser import Browser
from lib.database import Database
from lib.model import Row
from lib.outside import Outside
from lib.outside.push import PushMisconfigured
from lib.outside.push.sender import PushSender
from lib.settings import Settings
from tests.jobs import push_service
from tests.jobs.asking import Connect, Db, active, ended, enqueue, make_due
from tests.jobs.conftest import Work
from tests.jobs.push_service import VAPID_KEY, VAPID_SUBJECT, PushService

# A port that nobody listens on.
CLOSED = "127.0.0.1:1"
USER = uuid.UUID("11111111-1111-4111-8111-111111111111")
HELLO = {"user_id": USER, "title": "Hello", "body": "12 people liked your post", "url": "/posts/1"}

type Subscribe = Callable[..., Browser]


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """A push service that `push` allows."""
    async with push_service.serving() as service:
        yield service


@pytest.fixture
def push(work: Work, service: PushService) -> Work:
    """`work`, with Web Push configured."""

    async def run(**environment: str) -> Any:
        vapid = {"VAPID_PRIVATE_KEY": VAPID_KEY.private, "VAPID_SUBJECT": VAPID_SUBJECT, "PUSH_HOSTS": service.origin}
        return await work(**(vapid | environment))

    return run


@pytest.fixture
def subscribe(db: Db, service: PushService) -> Subscribe:
    """Subscribe a browser of the user: its name and what its pushes are answered, or an endpoint."""

    def add(name: str, status: str = "201 Created", *, endpoint: str | None = None, **keys: str) -> Browser:
        browser = Browser(endpoint, VAPID_KEY.public) if endpoint else service.browser(name, status)
        db.execute(
            "insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)"
            " values (%(user)s, %(endpoint)s, %(p256dh)s, %(auth)s)",
            {"user": USER, "endpoint": browser.endpoint, **browser.keys, **keys},
        )
        return browser

    return add


def notifications(db: Db) -> list[dict[str, Any]]:
    """All of them."""
    return db.execute("select * from public.notifications order by created_at").fetchall()


def statuses(db: Db) -> list[int]:
    """How the recorded pushes ended."""
    rows = db.execute("select status from queue_private.push_deliveries order by status").fetchall()
    return [row["status"] for row in rows]


def codes(db: Db) -> list[str]:
    """Why the queue is unhealthy."""
    (row,) = db.execute("select queue_health() -> 'reason_codes' as codes").fetchall()
    return list(row["codes"])


async def test_without_vapid_keys_the_notification_is_stored_only(work: Work, db: Db) -> None:
    """Web Push is optional, and the result says that it was left out."""
    job_id = enqueue(db, "send_notification", HELLO)
    await work()
    [row] = notifications(db)
    assert (row["user_id"], row["title"], row["body"], row["url"]) == (USER, "Hello", HELLO["body"], "/posts/1")
    assert (row["job_id"], row["read_at"]) == (job_id, None)
    assert ended(db, "send_notification")[0]["result"] == {"notification_id": str(row["id"]), "push": "not configured"}


async def test_every_browser_gets_it_and_can_read_it(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """Encrypted for each, and signed by us; decrypted here without the library that encrypted it."""
    browsers = [subscribe(name) for name in ("laptop", "phone")]
    enqueue(db, "send_notification", HELLO)
    await push()
    [row] = notifications(db)
    for browser in browsers:
        [arrived] = service.pushes_to(browser)
        assert browser.read(arrived.headers, arrived.body) == {
            "id": str(row["id"]),
            "title": "Hello",
            "body": HELLO["body"],
            "url": "/posts/1",
        }
        assert browser.sender_of(arrived.headers["authorization"]) == VAPID_SUBJECT
        assert arrived.headers["topic"] == row["id"].hex
        assert len(arrived.headers["topic"]) <= 32
    result = ended(db, "send_notification")[0]["result"]
    assert result["push"] == {"delivered": 2, "refused": 0, "removed": 0}


async def test_a_user_without_browsers_is_told_in_the_app(push: Work, db: Db) -> None:
    """Nothing to push to is no failure."""
    enqueue(db, "send_notification", HELLO)
    await push()
    assert ended(db, "send_notification")[0]["result"]["push"] == {"delivered": 0, "refused": 0, "removed": 0}


async def test_others_browsers_get_nothing(push: Work, db: Db, subscribe: Subscribe, service: PushService) -> None:
    """Only the user's own."""
    browser = subscribe("laptop")
    enqueue(db, "send_notification", HELLO | {"user_id": uuid.uuid4()})
    await push()
    assert service.pushes_to(browser) == []


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_subscription_that_is_gone_is_removed(push: Work, db: Db, subscribe: Subscribe, status: str) -> None:
    """RFC 8030, section 7.3. The others are not touched."""
    subscribe("old", status)
    kept = subscribe("new")
    enqueue(db, "send_notification", HELLO)
    await push()
    rows = db.execute("select endpoint from public.push_subscriptions").fetchall()
    assert [row["endpoint"] for row in rows] == [kept.endpoint]
    assert ended(db, "send_notification")[0]["result"]["push"] == {"delivered": 1, "refused": 0, "removed": 1}


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"])
async def test_only_what_failed_is_pushed_again(
    push: Work, db: Db, subscribe: Subscribe, service: PushService, status: str
) -> None:
    """A push that was delivered is not sent twice, and the notification is stored once."""
    good, bad = subscribe("good"), subscribe("bad", status)
    enqueue(db, "send_notification", HELLO)
    await push()
    [job] = active(db, "send_notification")
    assert job["attempts"] == 1
    assert "1 of 2 pushes failed" in job["error_message"]
    service.browser("bad")
    make_due(db)
    await push()
    assert (len(service.pushes_to(good)), len(service.pushes_to(bad))) == (1, 2)
    assert len(notifications(db)) == 1
    assert ended(db, "send_notification")[0]["status"] == "completed"
    assert statuses(db) == [201, 201]


async def test_a_service_that_says_when_is_asked_then(push: Work, db: Db, subscribe: Subscribe) -> None:
    """Retry-After decides."""
    subscribe("busy", "429 Too Many Requests\r\nretry-after: 600")
    enqueue(db, "send_notification", HELLO)
    await push()
    row = db.execute("select extract(epoch from scheduled_for - now())::float as wait from background_jobs").fetchone()
    assert row
    assert 590 < row["wait"] <= 600


@pytest.mark.parametrize("status", ["413 Content Too Large", "302 Found"])
async def test_a_push_that_is_refused_is_not_sent_again(
    push: Work, db: Db, subscribe: Subscribe, service: PushService, status: str
) -> None:
    """It would be refused again; the subscription stays, and the result says so."""
    browser = subscribe("strict", status)
    enqueue(db, "send_notification", HELLO)
    await push()
    assert ended(db, "send_notification")[0]["result"]["push"] == {"delivered": 0, "refused": 1, "removed": 0}
    assert len(service.pushes_to(browser)) == 1
    assert statuses(db) == [int(status[:3])]


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
async def test_a_key_that_every_push_service_refuses_is_visible(
    push: Work, db: Db, subscribe: Subscribe, status: str
) -> None:
    """A rotated key: not completed, and the reason says what to do. Not dead: who owns an endpoint chooses what it
    answers."""
    for name in ("laptop", "phone"):
        subscribe(name, status)
    enqueue(db, "send_notification", HELLO)
    await push()
    [row] = ended(db, "send_notification")
    assert row["status"] == "discarded"
    assert row["error_message"].startswith(f"2 of 2 pushes were refused ({status[:3]}): VAPID_PRIVATE_KEY is probably")
    assert len(notifications(db)) == 1
    assert statuses(db) == [int(status[:3])] * 2
    assert codes(db) == ["push_key_refused"]


async def test_one_browser_that_refuses_is_no_matter_of_the_key(push: Work, db: Db, subscribe: Subscribe) -> None:
    """Where another one takes its push, the key is right."""
    subscribe("old", "403 Forbidden")
    subscribe("new")
    enqueue(db, "send_notification", HELLO)
    await push()
    assert ended(db, "send_notification")[0]["result"]["push"] == {"delivered": 1, "refused": 1, "removed": 0}


async def test_browsers_that_refuse_do_not_crowd_out_good_ones(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """Twenty newer ones of another key, each refused before: the good one has its place among the twenty."""
    good = subscribe("good")
    for number in range(20):
        subscribe(str(number), "403 Forbidden")
    enqueue(db, "send_notification", HELLO)
    await push()
    assert service.pushes_to(good) == []
    enqueue(db, "send_notification", HELLO)
    await push()
    assert len(service.pushes_to(good)) == 1


async def test_a_browser_that_takes_its_push_again_is_a_good_one_again(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """The key was put back."""
    subscribe("back", "403 Forbidden")
    enqueue(db, "send_notification", HELLO)
    await push()
    service.browser("back")
    enqueue(db, "send_notification", HELLO)
    await push()
    assert db.execute("select refusals from public.push_subscriptions").fetchall() == [{"refusals": 0}]


async def test_a_redriven_job_tells_nothing_twice(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """It is another job, and pushes what the dead one did not."""
    browser = subscribe("laptop")
    enqueue(db, "send_notification", HELLO, max_attempts=1)
    await push(VAPID_SUBJECT="somebody")
    assert ended(db, "send_notification")[0]["status"] == "dead"
    db.execute("select public.redrive_jobs()")
    db.execute("update public.background_jobs set max_attempts = 1")
    await push(VAPID_SUBJECT="somebody")  # the next one is redriven from a redriven one
    db.execute("select public.redrive_jobs()")
    await push()
    assert len(notifications(db)) == 1
    assert len(service.pushes_to(browser)) == 1


# -- endpoints that do not answer: their users' matter, and not an operator's


@pytest.mark.parametrize(
    "endpoint",
    ["https://nowhere.invalid/push", "http://{closed}/push", "http://{service}/push/down"],
    ids=["does not resolve", "refuses to connect", "503"],
)
async def test_an_endpoint_that_never_answers_kills_no_job(
    push: Work, db: Db, subscribe: Subscribe, service: PushService, endpoint: str
) -> None:
    """After five attempts it is discarded with the reason. Whoever owns an endpoint chooses what it answers."""
    service.browser("down", "503 Service Unavailable")
    hosts = {"service": service.origin, "closed": CLOSED}
    subscribe("evil", endpoint=endpoint.format(**hosts))
    enqueue(db, "send_notification", HELLO, max_attempts=5)
    for attempt in range(1, 5):
        await push(PUSH_HOSTS=",".join(hosts.values()))
        assert active(db, "send_notification")[0]["attempts"] == attempt
        make_due(db)
    await push(PUSH_HOSTS=",".join(hosts.values()))
    [row] = ended(db, "send_notification")
    assert row["status"] == "discarded"
    assert row["error_message"].startswith("the push was not answered: ")
    assert silent(db) == [1]


async def test_a_silent_browser_gets_one_attempt(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """And none of the others' jobs: they are done at once, until it answers again."""
    good, bad = subscribe("good"), subscribe("bad", "503 Service Unavailable")
    db.execute("update public.push_subscriptions set unanswered = 1 where endpoint = %s", (bad.endpoint,))
    enqueue(db, "send_notification", HELLO)
    await push()
    [row] = ended(db, "send_notification")
    assert row["result"]["push"] == {"delivered": 1, "refused": 0, "removed": 0, "given_up": 1}
    assert len(service.pushes_to(good)) == len(service.pushes_to(bad)) == 1
    assert silent(db) == [0, 2]
    service.browser("bad")
    enqueue(db, "send_notification", HELLO)
    await push()
    assert silent(db) == [0, 0]


async def test_silent_browsers_do_not_crowd_out_good_ones(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """Twenty newer ones: the good one has its place among the twenty."""
    good = subscribe("good")
    for number in range(20):
        subscribe(str(number), "503 Service Unavailable")
    db.execute("update public.push_subscriptions set unanswered = 1 where endpoint <> %s", (good.endpoint,))
    enqueue(db, "send_notification", HELLO)
    await push()
    assert len(service.pushes_to(good)) == 1


async def test_a_browser_that_stays_silent_is_removed(push: Work, db: Db, subscribe: Subscribe) -> None:
    """After 14 days and five pushes, this one included."""
    for days, pushes in ((13, 10), (15, 3), (15, 4)):
        bad = subscribe(f"{days}-{pushes}", "503 Service Unavailable")
        db.execute(
            "update public.push_subscriptions set unanswered = %s, unanswered_since = now() - make_interval(days => %s)"
            " where endpoint = %s",
            (pushes, days, bad.endpoint),
        )
    enqueue(db, "send_notification", HELLO)
    await push()
    assert silent(db) == [11, 4]


def silent(db: Db) -> list[int]:
    """How many pushes each subscription left without an answer, in the order of their making."""
    rows = db.execute("select unanswered from public.push_subscriptions order by created_at").fetchall()
    return [row["unanswered"] for row in rows]


# -- users who were removed


async def test_a_queued_job_of_a_removed_user_adds_nothing(push: Work, db: Db, connect: Connect) -> None:
    """It is discarded with the reason; others are told."""
    admin = connect("admin")
    admin.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", (USER,))
    enqueue(db, "send_notification", HELLO)
    enqueue(db, "send_notification", HELLO | {"user_id": uuid.uuid4()})
    admin.execute("delete from auth.users")
    await push()
    assert [(row["status"], row["error_message"]) for row in ended(db, "send_notification")] == [
        ("discarded", "the user was removed"),
        ("completed", None),
    ]
    assert len(notifications(db)) == 1


async def test_a_subscription_that_somebody_holds_is_nobodys_attempt(
    push: Work, db: Db, subscribe: Subscribe, connect: Connect
) -> None:
    """An open transaction of the user's own: the wait ends after two seconds, and the attempt is given back."""
    subscribe("held", "403 Forbidden")
    user = connect(autocommit=False)
    user.execute("update public.push_subscriptions set p256dh = p256dh")
    enqueue(db, "send_notification", HELLO)
    await push()
    [job] = active(db, "send_notification")
    assert (job["attempts"], job["deferrals"]) == (0, 1)
    assert "lock timeout" in job["error_message"]
    user.commit()
    make_due(db)
    await push()
    assert statuses(db) == [403]


def test_a_notification_that_is_just_being_added_goes_too(db: Db, connect: Connect) -> None:
    """The removal waits for it, and then sees its row."""
    admin = connect("admin")
    admin.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", (USER,))
    worker = connect("service_role", autocommit=False)
    worker.execute("select public.add_notification(gen_random_uuid(), null, %s, 'Hello', 'x', null)", (USER,))
    removal = threading.Thread(target=admin.execute, args=("delete from auth.users",))
    removal.start()
    waiting = "select from pg_locks where locktype = 'advisory' and not granted"
    while removal.is_alive() and not db.execute(waiting).fetchall():
        pass
    worker.commit()
    removal.join()
    assert notifications(db) == []


async def add_notification(database: Database, job_id: Any, redrive_of: Any = None) -> uuid.UUID:
    """Store HELLO as the handler does."""
    content = HELLO | {"user_id": USER}
    return await database.rpc("add_notification", uuid.UUID, job_id=job_id, redrive_of=redrive_of, **content)


async def test_a_repeated_job_tells_nothing_twice(
    push: Work, db: Db, subscribe: Subscribe, service: PushService, database: Database
) -> None:
    """A worker that is killed before it settles has its job run again."""
    browser = subscribe("laptop")
    job_id = enqueue(db, "send_notification", HELLO)
    await push()
    again = await add_notification(database, job_id)
    assert [row["id"] for row in notifications(db)] == [again]
    assert await database.rpc("undelivered_pushes", list[Row], notification_id=again, max_subscriptions=20) == []
    assert len(service.pushes_to(browser)) == 1


async def test_two_workers_with_one_job_store_one_notification(db: Db, database: Database) -> None:
    """The job's id is unique."""
    job_id = uuid.uuid4()
    ids = await asyncio.gather(*(add_notification(database, job_id) for _ in range(8)))
    assert len(set(ids)) == len(notifications(db)) == 1


async def test_a_late_worker_of_the_dead_job_does_not_stop_the_redriven_one(db: Db, database: Database) -> None:
    """It stores the notification of the dead job after the new one has its own: the new one goes on with that."""
    dead, redriven = uuid.uuid4(), uuid.uuid4()
    own = await add_notification(database, redriven, dead)
    await add_notification(database, dead)
    assert await add_notification(database, redriven, dead) == own


# -- endpoints come from strangers


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1/push",
        "http://push.example.com/push",
        "https://127.0.0.1/push",
        "https://169.254.169.254/push",
        "https://localhost/push",
        "https://[::1]/push",
        "https://user:password@8.8.8.8/push",
    ],
)
async def test_an_endpoint_inside_is_not_called(push: Work, db: Db, subscribe: Subscribe, endpoint: str) -> None:
    """Anyone may write a URL into their subscription: https and public addresses only, for good."""
    subscribe("evil", endpoint=endpoint)
    enqueue(db, "send_notification", HELLO)
    await push()
    assert ended(db, "send_notification")[0]["result"]["push"] == {"delivered": 0, "refused": 1, "removed": 0}
    assert statuses(db) == [0]


async def test_the_exemption_is_for_the_listed_port_only(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """PUSH_HOSTS is for tests, and for a push service of one's own."""
    browser = subscribe("laptop")
    enqueue(db, "send_notification", HELLO)
    await push(PUSH_HOSTS="127.0.0.1:1,127.0.0.1")
    assert service.pushes_to(browser) == []


@pytest.mark.parametrize("keys", [{"p256dh": "AAAA"}, {"p256dh": "ñ"}, {"auth": ""}, {"p256dh": "B" + "A" * 86}])
async def test_keys_that_are_none_are_refused(push: Work, db: Db, subscribe: Subscribe, keys: dict[str, str]) -> None:
    """One broken subscription holds back nobody else's push."""
    subscribe("broken", **keys)
    subscribe("whole")
    enqueue(db, "send_notification", HELLO)
    await push()
    assert ended(db, "send_notification")[0]["status"] == "completed"
    assert 201 in statuses(db)


async def test_only_the_newest_browsers_are_pushed_to(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """A user may subscribe as often as they like."""
    for number in range(25):
        subscribe(str(number))
    enqueue(db, "send_notification", HELLO)
    await push()
    assert len(service.arrived) == 20


# -- content


async def test_a_long_text_is_cut_in_the_push_and_whole_in_the_app(
    push: Work, db: Db, subscribe: Subscribe, service: PushService
) -> None:
    """A push holds 4,096 bytes; 2,000 characters may be 8,000."""
    browser = subscribe("laptop")
    body = "👍🏽 " * 600
    enqueue(db, "send_notification", HELLO | {"title": "ñ" * 200, "body": body, "url": "/" + "x" * 2047})
    await push()
    assert notifications(db)[0]["body"] == body
    [arrived] = service.pushes_to(browser)
    content = browser.read(arrived.headers, arrived.body)
    assert content["body"].endswith("…")
    assert body.startswith(content["body"][:-1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"body": "x" * 2001},
        {"url": "javascript:alert(1)"},
        {"url": "//evil.example"},
        {"url": "/\\evil.example"},
        {"url": "https:///evil.example"},
        {"url": "https:/\\evil.example"},
        {"url": "https://"},
        {"url": "data:text/html,x"},
        {"url": "https://example.com/a b"},
        {"user_id": "somebody"},
    ],
)
async def test_content_that_breaks_a_rule_is_dead_at_once(work: Work, db: Db, wrong: dict[str, str]) -> None:
    """With the field in the reason, and no notification."""
    enqueue(db, "send_notification", HELLO | wrong)
    await work()
    row = ended(db, "send_notification")[0]
    assert (row["status"], row["attempts"]) == ("dead", 1)
    assert next(iter(wrong)) in row["error_message"].replace("userId", "user_id")
    assert notifications(db) == []


def as_variable(key: PrivateKeyTypes) -> str:
    """As VAPID_PRIVATE_KEY may be given: DER in base64url."""
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return urlsafe_b64encode(der).decode()


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
    ],
    ids=["rsa", "ed25519", "p-384"],
)
def test_a_key_of_another_kind_is_refused(project: dict[str, str], key: PrivateKeyTypes) -> None:
    """Push services take signatures on P-256 only; anything else would end every push as refused."""
    vapid = {"VAPID_PRIVATE_KEY": as_variable(key), "VAPID_SUBJECT": VAPID_SUBJECT}
    push = Outside.of(Settings.load(project | vapid)).push
    assert push == PushMisconfigured("VAPID_PRIVATE_KEY is not a key on the curve P-256")


def test_a_key_on_the_right_curve_is_taken(project: dict[str, str]) -> None:
    """In DER as well."""
    key = as_variable(ec.generate_private_key(ec.SECP256R1()))
    vapid = {"VAPID_PRIVATE_KEY": key, "VAPID_SUBJECT": "https://example.com"}
    assert isinstance(Outside.of(Settings.load(project | vapid)).push, PushSender)


@pytest.mark.parametrize("subject", ["mailto:", "http://example.com", "HTTPS", "ñ"])
def test_a_subject_that_push_services_do_not_take_is_refused(project: dict[str, str], subject: str) -> None:
    """Found out before a push, not by the pushes that it costs."""
    vapid = {"VAPID_PRIVATE_KEY": VAPID_KEY.private, "VAPID_SUBJECT": subject}
    push = Outside.of(Settings.load(project | vapid)).push
    assert isinstance(push, PushMisconfigured)
    assert push.reason.startswith("VAPID_SUBJECT must be")


@pytest.mark.parametrize(
    "vapid",
    [
        {"VAPID_PRIVATE_KEY": "no key"},
        {"VAPID_PRIVATE_KEY": "AAAA"},
        {"VAPID_SUBJECT": "somebody"},
        {"VAPID_SUBJECT": "mailto:admin@intranet"},
        {"VAPID_SUBJECT": "mailto:admin"},
        {"VAPID_SUBJECT": "https://x"},
    ],
)
async def test_broken_vapid_settings_are_an_operators_matter(
    push: Work, db: Db, subscribe: Subscribe, vapid: dict[str, str]
) -> None:
    """The notification is stored; the pushes wait until the variable is corrected, and its value is not shown."""
    subscribe("laptop")
    enqueue(db, "send_notification", HELLO)
    await push(**vapid)
    [job] = active(db, "send_notification")
    assert job["attempts"] == 1
    assert next(iter(vapid)) in job["error_message"]
    assert next(iter(vapid.values())) not in job["error_message"]
    assert len(notifications(db)) == 1
