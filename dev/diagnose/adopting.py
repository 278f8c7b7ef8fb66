"""The same database before and after this project's migrations, as the doctor sees it."""

import psycopg

from dev import paths
from dev.diagnose.scene import Scene
from dev.doctor import Finding, examine
from dev.supabase import migrations

FIRST_DRAFT = "drop table background_jobs cascade; drop function complete_job, fail_job, reset_stuck_jobs"
# Rows such as the faults leave.
LEFT_BEHIND = """
    insert into posts_new (likes) select 3 from generate_series(1, 20);
    insert into post_ratings (post_id, session_id) select id, 'a' from posts_new, generate_series(1, 2);
    insert into post_ratings (post_id, session_id) values (gen_random_uuid(), 'a');
    insert into comments (post_id, body) values (gen_random_uuid(), 'nice');
    insert into background_jobs (job_type, status, started_at) values ('good', 'processing', now() - interval '1 hour')
"""


def before_and_after(scene: Scene) -> tuple[list[Finding], list[Finding]]:
    """Examine, drop the first draft, migrate, examine."""
    scene.db.execute(LEFT_BEHIND)
    before = examine(scene.database_url)
    with psycopg.connect(scene.database_url, autocommit=True) as db:
        db.execute(FIRST_DRAFT)
        for migration in migrations.found_in(paths.PROJECT):
            with db.transaction():
                db.execute(migration.file.read_bytes())
    return before, examine(scene.database_url)
