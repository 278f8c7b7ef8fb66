"""`make rehearse DIR=../app`: adopt an app's database on this machine, from its own migrations to the way back.

    python -m dev.rehearse --app ../app                    its supabase/migrations and seed.sql
    python -m dev.rehearse --app ../app --dump rows.sql    with rows of `supabase db dump` or pg_dump, not seed.sql's
    python -m dev.rehearse --app ../app --without a.sql    without a file that fails here
    python -m dev.rehearse --app ../app --serve            stay, so that the app can be tried on its new database

Nothing outside this machine is touched, nothing is written into the app, and the database is gone at the end.
"""
