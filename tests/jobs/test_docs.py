"""docs/jobs.md says what the code does."""

import re
from pathlib import Path

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.registry import registered
from tests.jobs.asking import Db, active, add_post, image_of

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "jobs.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| (\d+) \| ([\d.]+) s \| (\d+) \|$", re.MULTILINE)


def test_the_table_of_types_is_the_registry(released_types: set[str]) -> None:
    """Priority, timeout and attempts, of every type that this product brings; one of the app's own needs no row."""
    documented = {name: (int(p), float(t), int(a)) for name, p, t, a in ROW.findall(TEXT)}
    policies = {name: each.policy for name, each in registered.items()}
    assert documented.keys() >= released_types
    assert documented == {
        name: (p.priority, p.timeout_s, p.max_attempts) for name, p in policies.items() if name in documented
    }


def test_the_query_for_old_posts_enqueues_them(db: Db) -> None:
    """Those that have an image and were there before the trigger."""
    post_id = add_post(db, "https://images.example.com/a.jpg")
    add_post(db)
    db.execute("delete from public.background_jobs")
    [query] = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    db.execute(query)
    [job] = active(db, "process_image")
    assert job["payload"]["post_id"] == str(post_id)
    assert image_of(db, post_id) is None
