"""Who may do what: hosted Supabase grants everything to anon and authenticated unless a migration revokes it."""

from tests.sql.calls import Db

CLIENTS = ["anon", "authenticated"]

# What clients may do with the app's tables: which rows, the policies decide. With all others, and with sequences,
# nothing.
OF_EVERY_CLIENT = {
    "posts_new": {"SELECT", "DELETE"},
    "comments": {"SELECT"},
    "post_images": {"SELECT"},
    "post_thumbnails": {"SELECT"},
    "post_rankings": {"SELECT"},
}
OF_USERS = {
    "notifications": {"SELECT"},
    "push_subscriptions": {"SELECT", "INSERT", "UPDATE", "DELETE"},
}
TABLE_PRIVILEGES = {"anon": OF_EVERY_CLIENT, "authenticated": OF_EVERY_CLIENT | OF_USERS}
# What clients may call: nothing at all. A rater calls no function; the trigger runs without this privilege.
CLIENT_FUNCTIONS: set[str] = set()
# Triggers that run with their owner's rights: who rates or posts may not write background_jobs, who signs in does not
# see another user's subscriptions, who removes users has no rights on our tables, and an old client may not use our
# sequences.
DEFINER_TRIGGERS = {
    *("ask_for_like_sync", "ask_for_post_images", "ask_for_changed_post_image"),
    *("own_push_endpoints", "remove_rows_of_users", "ignore_like_write", "leave_others_posts"),
}
TRIGGERS = DEFINER_TRIGGERS | {
    *("tally_ended_jobs", "tally_changed_jobs", "plan_schedule_anew", "refuse_image_url", "keep_operator_actions"),
}
# What is hidden from service_role: others' sessions, pg_cron's and Vault's names, the list of applied migrations. And
# what operators did is not service_role's to delete.
DEFINERS = DEFINER_TRIGGERS | {
    *("oldest_transaction", "diagnose_waking", "diagnose_migrations", "delete_old_operator_actions"),
}


def names(db: Db, query: str, *arguments: object) -> set[str]:
    """Return the one text column of a query."""
    return {str(next(iter(row.values()))) for row in db.execute(query.encode(), arguments).fetchall()}


FUNCTIONS = (
    "select p.proname from pg_proc as p where p.pronamespace in ('public'::regnamespace, 'queue_private'::regnamespace)"
)


def test_clients_call_no_function(service: Db) -> None:
    """Neither by a grant of their own nor through public."""
    for role in CLIENTS:
        allowed = names(service, f"{FUNCTIONS} and has_function_privilege(%s, p.oid, 'execute')", role)
        assert allowed == CLIENT_FUNCTIONS
    to_public = """
        and (p.proacl is null or exists (select from aclexplode(p.proacl) as acl where acl.grantee = 0))
    """
    assert names(service, FUNCTIONS + to_public) == CLIENT_FUNCTIONS


def test_the_service_role_calls_every_function_that_the_api_has(service: Db) -> None:
    """A forgotten grant shows here, not in production. Triggers and what only they call are in queue_private."""
    query = """
        select p.proname from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and not has_function_privilege('service_role', p.oid, 'execute')
    """
    assert names(service, query) == set()


def test_every_function_has_an_empty_search_path(service: Db) -> None:
    """So that no object of a caller's schema can take the place of ours."""
    query = f"""{FUNCTIONS} and not coalesce(p.proconfig, '{{}}') @> array['search_path=""']"""
    assert names(service, query) == set()


def test_few_functions_are_security_definer(service: Db) -> None:
    """Each one more would be a way around the privileges; and no trigger can be called."""
    assert names(service, f"{FUNCTIONS} and p.prosecdef") == DEFINERS
    assert names(service, f"{FUNCTIONS} and p.prorettype = 'trigger'::regtype") == TRIGGERS


def test_no_function_is_overloaded(service: Db) -> None:
    """An old signature left behind would stay callable, and PostgREST could not choose."""
    assert names(service, f"{FUNCTIONS} group by 1 having count(*) > 1") == set()


def test_row_level_security_is_on_everywhere(service: Db) -> None:
    """Without a policy it means: nobody but the service role."""
    query = """
        select c.relname from pg_class as c
        where c.relnamespace in ('public'::regnamespace, 'queue_private'::regnamespace)
          and c.relkind in ('r', 'p') and not c.relrowsecurity
    """
    assert names(service, query) == set()


def test_no_view_bypasses_row_level_security(service: Db) -> None:
    """A view runs with its owner's rights unless it says otherwise."""
    query = """
        select c.relname from pg_class as c
        where c.relnamespace::regnamespace::text in ('public', 'queue_private') and c.relkind in ('v', 'm')
          and not coalesce(c.reloptions, '{}') @> array['security_invoker=true']
    """
    assert names(service, query) == set()


def test_clients_have_only_the_table_privileges_that_the_app_needs(service: Db) -> None:
    """None on the queue's tables; TRUNCATE, TRIGGER, REFERENCES and MAINTAIN nowhere."""
    query = """
        select c.relname, acl.privilege_type
        from pg_class as c, aclexplode(c.relacl) as acl
        where c.relnamespace in ('public'::regnamespace, 'queue_private'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm')
          and acl.grantee in (select r.oid from pg_roles as r where r.rolname = %s)
    """
    for role in CLIENTS:
        rows = service.execute(query.encode(), [role]).fetchall()
        expected = {(table, each) for table, privileges in TABLE_PRIVILEGES[role].items() for each in privileges}
        assert {(row["relname"], row["privilege_type"]) for row in rows} == expected


def test_clients_do_not_even_see_the_private_schema(service: Db) -> None:
    """PostgREST does not expose it, and no other way leads in."""
    query = "select r.rolname from pg_roles as r where has_schema_privilege(r.oid, 'queue_private', 'usage, create')"
    assert names(service, f"{query} and r.rolname in ('anon', 'authenticated', 'authenticator')") == set()


def test_nothing_is_granted_to_public(service: Db) -> None:
    """What everybody may do, every client may."""
    query = """
        select c.relname from pg_class as c, aclexplode(c.relacl) as acl
        where c.relnamespace in ('public'::regnamespace, 'queue_private'::regnamespace) and acl.grantee = 0
    """
    assert names(service, query) == set()


def test_clients_have_no_privilege_on_a_sequence(service: Db) -> None:
    """Identity columns make some; a client could read how many jobs there are, or set it back."""
    query = """
        select c.relname from pg_class as c
        where c.relnamespace in ('public'::regnamespace, 'queue_private'::regnamespace) and c.relkind = 'S' and (
          has_sequence_privilege('anon', c.oid, 'usage, select, update')
          or has_sequence_privilege('authenticated', c.oid, 'usage, select, update')
        )
    """
    assert names(service, query) == set()


def test_clients_write_what_a_post_says_but_neither_likes_nor_times(service: Db) -> None:
    """Column privileges: which rows, the policies decide. A post of the year 2099 would stay on top."""
    query = """
        select a.attname from pg_attribute as a
        where a.attrelid = 'public.posts_new'::regclass and a.attnum > 0 and not a.attisdropped
          and has_column_privilege(%s, a.attrelid, a.attnum, %s)
    """
    columns = {"id", "user_id", "caption", "image_url"}
    for role in CLIENTS:
        assert names(service, query, role, "insert") == columns
        assert names(service, query, role, "update") == columns
