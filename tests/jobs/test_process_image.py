"""A post's image becomes files that can be shown, whatever was linked to."""

import asyncio
import re
from io import BytesIO

import httpx
import pytest
from PIL import Image

from lib.jobs import _post_files as files
from tests.jobs import image_host, pictures
from tests.jobs.asking import Connect, Db, active, add_post, ended, enqueue, image_of, make_due, thumbnails_of
from tests.jobs.conftest import Work
from tests.jobs.image_host import Answer, ImageHost
from tests.jobs.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near


def photograph() -> bytes:
    """As a telephone makes it: lying on its side, with the place where it was taken."""
    image = pictures.quarters(2000, 3000).transpose(Image.Transpose.ROTATE_90)
    return encoded(image, exif=pictures.exif(6, gps=True))


def codes(db: Db) -> list[str]:
    """Why the queue is unhealthy."""
    (row,) = db.execute("select queue_health() -> 'reason_codes' as codes").fetchall()
    return list(row["codes"])


async def test_a_photograph_becomes_files_that_anyone_can_open(
    work: Work, db: Db, host: ImageHost, http: httpx.AsyncClient
) -> None:
    """Upright, small, without the place; row, thumbnails and files agree."""
    post_id = add_post(db, host.serves("/photo.jpg", photograph()))
    reports = await work()
    assert sum(report.counts()["completed"] for report in reports) == 2

    row = image_of(db, post_id)
    assert row is not None
    assert (row["width"], row["height"]) == (960, 1440)
    assert re.fullmatch(r"\S{28}", row["blurhash"])
    for kind in ("webp", "jpeg"):
        reply = await http.get(row[f"{kind}_url"])
        assert reply.status_code == 200
        assert reply.headers["content-type"] == f"image/{kind}"
        assert "max-age=31536000" in reply.headers["cache-control"]
        assert b"Suplacam" not in reply.content
        image = Image.open(BytesIO(reply.content))
        assert image.size == (960, 1440)
        assert not image.getexif()
        assert near(corners(image), [RED, GREEN, BLUE, WHITE])

    thumbnails = thumbnails_of(db, post_id)
    assert {size: (row["width"], row["height"]) for size, row in thumbnails.items()} == {
        "150": (150, 150),
        "320": (320, 320),
        "640": (640, 640),
    }
    for thumbnail in thumbnails.values():
        image = Image.open(BytesIO((await http.get(thumbnail["url"])).content))
        assert image.size == (thumbnail["width"], thumbnail["height"])


async def test_the_result_says_what_was_stored(work: Work, db: Db, host: ImageHost) -> None:
    """An operator sees it in the history."""
    add_post(db, host.serves("/photo.jpg", photograph()))
    await work()
    result = ended(db, "process_image")[0]["result"]
    assert {"width", "height", "blurhash", "webp_url", "jpeg_url", "thumbnails_job_id"} == set(result)
    assert result["thumbnails_job_id"] == str(ended(db, "generate_thumbnail")[0]["job_id"])


async def test_running_twice_changes_nothing(work: Work, db: Db, host: ImageHost) -> None:
    """A worker may be killed after its last effect and before it settles."""
    url = host.serves("/photo.jpg", photograph())
    post_id = add_post(db, url)
    await work()
    before, thumbnails = image_of(db, post_id), thumbnails_of(db, post_id)
    enqueue(db, "process_image", {"post_id": post_id, "image_url": url})
    await work()
    after = image_of(db, post_id)
    assert before
    assert after
    assert {**before, "updated_at": None} == {**after, "updated_at": None}
    again = thumbnails_of(db, post_id)
    assert {size: row["url"] for size, row in again.items()} == {size: row["url"] for size, row in thumbnails.items()}
    names = db.execute("select name from storage.objects where bucket_id = %s", (files.BUCKET,)).fetchall()
    assert len(names) == 5


async def test_a_post_that_is_gone_is_nothing_to_work_on(work: Work, db: Db, host: ImageHost) -> None:
    """Discarded, and nothing is fetched."""
    post_id = add_post(db, host.serves("/photo.jpg", photograph()))
    db.execute("delete from public.posts_new where id = %s", (post_id,))
    await work()
    assert [(row["status"], row["error_message"]) for row in ended(db, "process_image")] == [
        ("discarded", "the post is gone")
    ]
    assert host.heads == []


async def test_a_post_that_goes_meanwhile_leaves_no_row(work: Work, db: Db, host: ImageHost) -> None:
    """Its files are orphans, which the clean-up finds."""
    data = photograph()

    async def delete_the_post(connection: image_host.Connection) -> None:
        db.execute("delete from public.posts_new")
        await connection.reply(data)

    add_post(db, host.answers_with("/photo.jpg", delete_the_post))
    await work()
    assert ended(db, "process_image")[0]["status"] == "discarded"


async def test_an_image_that_was_replaced_does_not_come_back(work: Work, db: Db, host: ImageHost) -> None:
    """Two jobs of one post may end in any order; the post's own image_url decides."""
    old = host.serves("/old.jpg", encoded(pictures.quarters(40, 40)))
    new = host.serves("/new.jpg", encoded(pictures.quarters(60, 60)))
    post_id = add_post(db, old)
    await work()
    db.execute("update public.posts_new set image_url = %s where id = %s", (new, post_id))
    await work()
    enqueue(db, "process_image", {"post_id": post_id, "image_url": old})
    await work()
    row = image_of(db, post_id)
    assert row
    assert (row["source_url"], row["width"]) == (new, 60)
    assert thumbnails_of(db, post_id)["640"]["width"] == 60
    assert ended(db, "process_image")[-1]["error_message"] == "the post has another image by now"


async def test_an_image_that_comes_back_brings_its_thumbnails_along(work: Work, db: Db, host: ImageHost) -> None:
    """Their job of the first time has completed, a moment ago: it must not stand for the second."""
    old = host.serves("/old.jpg", encoded(pictures.quarters(40, 40)))
    new = host.serves("/new.jpg", encoded(pictures.quarters(60, 60)))
    post_id = add_post(db, old)
    await work()
    for image_url in (new, old):
        db.execute("update public.posts_new set image_url = %s where id = %s", (image_url, post_id))
        await work()
    row = image_of(db, post_id)
    assert row
    assert (row["width"], thumbnails_of(db, post_id)["640"]["width"]) == (40, 40)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>an error page with status 200</html>", "HTML"),
        (photograph()[:20_000], "broken JPEG"),
        (pictures.png(30_000, 30_000, 8, 2), "30000 x 30000"),
        (b"", "not an image"),
    ],
)
async def test_what_can_never_succeed_is_discarded_at_once(
    work: Work, db: Db, host: ImageHost, body: bytes, reason: str
) -> None:
    """With the reason, after one attempt: dead is what an operator can act on."""
    add_post(db, host.serves("/photo.jpg", body, "200 OK", "content-type: image/jpeg"))
    await work()
    row = ended(db, "process_image")[0]
    assert (row["status"], row["attempts"]) == ("discarded", 1)
    assert reason in row["error_message"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "not fetched from 169.254.169.254"),
        ("http://localhost/photo.jpg", "not fetched from localhost"),
        ("nonsense", "IMAGE_BUCKET is not set"),
    ],
)
async def test_a_url_that_may_not_be_called_is_discarded_at_once(work: Work, db: Db, url: str, reason: str) -> None:
    """Server-side request forgery: the worker must not be somebody's way in."""
    add_post(db, url)
    await work()
    row = ended(db, "process_image")[0]
    assert row["status"] == "discarded"
    assert reason in row["error_message"]


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "404 Not Found", "410 Gone"])
async def test_the_image_of_a_young_post_may_still_be_on_its_way(
    work: Work, db: Db, host: ImageHost, status: str
) -> None:
    """Its upload may end a moment after the post is added. Waiting costs no attempt."""
    post_id = add_post(db, host.serves("/photo.jpg", b"", status))
    await work()
    [job] = active(db, "process_image")
    assert (job["status"], job["attempts"]) == ("pending", 0)
    assert f"answered {status[:3]}" in job["error_message"]
    host.serves("/photo.jpg", photograph())
    make_due(db)
    await work()
    assert image_of(db, post_id)


async def test_the_waits_for_an_image_grow_with_the_age_of_its_job(work: Work, db: Db, host: ImageHost) -> None:
    """As long again as it has waited; after ten minutes it will not come any more."""
    add_post(db, host.url("/no-such.jpg"))
    for age_s in (0, 60, 240):
        db.execute("update background_jobs set created_at = now() - make_interval(secs => %s)", (age_s,))
        make_due(db)
        await work()
        row = db.execute("select extract(epoch from scheduled_for - now())::float as s from background_jobs").fetchone()
        assert row
        assert max(5, age_s) - 3 < row["s"] < max(5, age_s) + 30
    db.execute("update background_jobs set created_at = now() - interval '10 minutes'")
    make_due(db)
    await work()
    [row] = ended(db, "process_image")
    assert (row["status"], row["error_message"]) == ("discarded", "the image's host answered 404")


async def test_a_path_is_a_file_of_the_projects_bucket(
    work: Work, db: Db, project: dict[str, str], connect: Connect
) -> None:
    """As an adopted app may store it."""
    connect("admin").execute("insert into storage.buckets (id, name, public) values ('posts', 'posts', true)")
    async with httpx.AsyncClient() as http:
        key = project["SUPABASE_SERVICE_ROLE_KEY"]
        reply = await http.post(
            f"{project['SUPABASE_URL']}/storage/v1/object/posts/uploads/a 1.jpg",
            content=photograph(),
            headers={"authorization": f"Bearer {key}", "apikey": key, "content-type": "image/jpeg"},
        )
        assert reply.status_code == 200, reply.text
    post_id = add_post(db, "uploads/a 1.jpg")
    await work(IMAGE_BUCKET="posts")
    row = image_of(db, post_id)
    assert row
    assert (row["source_url"], row["height"]) == ("uploads/a 1.jpg", 1440)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_host_that_says_when_is_asked_then(work: Work, db: Db, host: ImageHost, status: str) -> None:
    """Retry-After decides when the next attempt is due."""
    add_post(db, host.serves("/photo.jpg", b"", status, "retry-after: 300"))
    await work()
    row = db.execute(
        "select attempts, extract(epoch from scheduled_for - now())::float as wait from public.background_jobs"
    ).fetchone()
    assert row
    assert row["attempts"] == 1
    assert 290 < row["wait"] <= 300


async def test_a_host_that_recovers_is_asked_again(work: Work, db: Db, host: ImageHost) -> None:
    """The second attempt succeeds."""
    post_id = add_post(db, host.serves("/photo.jpg", b"", "500 Internal Server Error"))
    await work()
    assert active(db, "process_image")[0]["attempts"] == 1
    host.serves("/photo.jpg", photograph())
    make_due(db)
    await work()
    assert image_of(db, post_id)


@pytest.mark.parametrize("answer", [image_host.drip, image_host.says_nothing])
async def test_a_slow_host_costs_one_attempt_and_holds_back_nobody(
    work: Work, db: Db, host: ImageHost, answer: Answer
) -> None:
    """The others are done meanwhile."""
    slow = add_post(db, host.answers_with("/slow.jpg", answer))
    quick = add_post(db, host.serves("/quick.jpg", photograph()))
    await work()
    assert image_of(db, quick)
    assert not image_of(db, slow)
    [job] = active(db, "process_image")
    assert job["attempts"] == 1
    assert "too long" in job["error_message"] or "ReadTimeout" in job["error_message"]


async def is_down(connection: image_host.Connection) -> None:
    """Whatever it is asked."""
    await connection.reply(b"", "503 Service Unavailable")


@pytest.mark.parametrize("answer", [is_down, image_host.hangs_up])
async def test_a_host_that_never_answers_well_ends_as_discarded(
    work: Work, db: Db, host: ImageHost, answer: Answer
) -> None:
    """Whoever names a host chooses what it answers: dead jobs, and with them health, are not theirs to raise."""
    add_post(db, host.answers_with("/photo.jpg", answer))
    db.execute("update public.background_jobs set attempts = 2")
    await work()
    assert active(db, "process_image")[0]["attempts"] == 3
    make_due(db)
    await work()
    [job] = ended(db, "process_image")
    assert (job["status"], job["attempts"]) == ("discarded", 4)
    assert "at the last of 4 attempts" in job["error_message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/storage/v1/object/public/posts/a.png", "dead"),
        ("/storage/v1/object/../../../functions/v1/a.png", "discarded"),
        ("/storage/v1/object/%2e%2e/%2E./functions/v1/a.png", "discarded"),
        ("/storage/v1/render/image/public/posts/a.png", "discarded"),
        ("/functions/v1/a.png", "discarded"),
    ],
)
async def test_storage_that_never_answers_well_is_an_operators_matter(
    work: Work, db: Db, host: ImageHost, path: str, status: str
) -> None:
    """Of its own files only: other paths of the project may be such that they always fail."""
    host.answers |= dict.fromkeys((path, "/functions/v1/a.png"), is_down)
    add_post(db, host.url(path))
    db.execute("update public.background_jobs set max_attempts = 1")
    await work(SUPABASE_URL=f"http://{host.origin}")
    assert ended(db, "process_image")[0]["status"] == status


async def test_storage_being_down_is_not_the_images_fault(work: Work, db: Db, host: ImageHost) -> None:
    """The bucket is missing: retried by the policy, with what Storage said."""
    add_post(db, host.serves("/photo.jpg", photograph()))
    db.execute("delete from storage.buckets where id = %s", (files.BUCKET,))
    await work()
    [job] = active(db, "process_image")
    assert job["attempts"] <= 1
    assert "storage.upload" in job["error_message"]


async def test_a_storage_that_takes_nothing_makes_the_queue_unhealthy(work: Work, db: Db, host: ImageHost) -> None:
    """Each run keeps what Storage answered; the first file that it takes ends it."""
    (bucket,) = db.execute("select * from storage.buckets where id = %s", (files.BUCKET,)).fetchall()
    db.execute("delete from storage.buckets where id = %s", (files.BUCKET,))
    for number in range(3):
        add_post(db, host.serves(f"/{number}.jpg", encoded(pictures.quarters(40 + number, 30))))
    await work()
    assert codes(db) == ["storage_refuses"]
    db.execute("insert into storage.buckets (id, name, public) values (%(id)s, %(name)s, %(public)s)", bucket)
    make_due(db)
    await work()
    assert codes(db) == []


async def test_more_images_than_fit_into_memory_wait_their_turn(work: Work, db: Db, host: ImageHost) -> None:
    """Eight at once are all done, none fails, however many runs it takes; the event loop stays free."""
    data = encoded(pictures.quarters(1500, 1000))
    for number in range(8):
        add_post(db, host.serves(f"/{number}.jpg", data))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - before)

    watching = asyncio.ensure_future(watch())
    while active(db, "process_image"):
        await work()
        make_due(db)
    watching.cancel()
    assert [row["status"] for row in ended(db, "process_image")] == ["completed"] * 8
    assert longest < 1
