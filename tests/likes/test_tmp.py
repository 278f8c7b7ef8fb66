import pytest
from tests.likes.hammer import Settings, hammer
from tests.sql.mutations import mutate
@pytest.mark.parametrize("m", [None, ("ask_for_like_sync", r"for share skip locked", ""),("sync_post_like_counts", r"for no key update skip locked", ""),
  ("ask_for_like_sync", r"and job.scheduled_for > moment ", ""),
  ])
@pytest.mark.parametrize("trunc", [True])
@pytest.mark.parametrize("seed", [1,2])
def test_m(open_service, db, m, trunc, seed):
    if m: mutate(db, *m)
    r = hammer(open_service, Settings(seed=seed, seconds=5), owner=db)
    n = db.execute("select count(*) c from posts_new").fetchone()
    print("RES", m and m[:2], trunc, n, len(r.drift), r.dead_jobs, len(r.lasting), dict(r.done))
