"""What the migrations make, as facts: found by applying them to an empty database, and rendered into two files.

expected_schema is the last migration: a database is compared with what it was given. lib/database/migrations.py goes
into the functions: so deployed code sees that its database has other migrations.
"""

import hashlib
import json
from pathlib import Path

import psycopg

from dev.supabase import Address, Databases, migrations
from dev.supabase.migrations import Migration

NAME = "expected_schema"
# After every file there is. A released one is never edited: the next migration that comes later makes a new one.
FIRST_VERSION = "20261124235950"
DIGESTS = "lib/database/migrations.py"
TEMPLATE = Path(__file__).with_name("template.sql")

# As newer projects have it: nothing is granted to anybody by default. So what service_role has was granted by name.
NEW_DEFAULTS = """
    alter default privileges for role postgres in schema public
    revoke all on tables from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public
    revoke all on functions from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public
    revoke all on sequences from anon, authenticated, service_role;
    alter default privileges for role postgres revoke execute on functions from public
"""

type Facts = dict[str, dict[str, str]]


def rendered(address: Address, project: Path) -> dict[str, str]:
    """Return the text of both files, by their paths in the project. Needs a running stack."""
    found = facts(address, project)
    return {migration_file(project): as_migration(found), DIGESTS: as_python(found["migration"])}


def sources(project: Path) -> list[Migration]:
    """Return the migrations that are compared: all but the comparison itself."""
    return [each for each in migrations.found_in(project) if each.name != NAME]


def migration_file(project: Path) -> str:
    """Return the path of the migration to write: the newest one, unless a later migration needs another."""
    last = sources(project)[-1].version
    newest = max((each.version for each in migrations.found_in(project) if each.name == NAME), default=FIRST_VERSION)
    version = newest if newest > last else str(int(last) + 1)
    return f"supabase/migrations/{version}_{NAME}.sql"


def facts(address: Address, project: Path) -> Facts:
    """Apply the migrations to an empty database, and ask it what it consists of."""
    databases, name = Databases(address, project), "expected_schema"
    databases.create(name)
    try:
        with psycopg.connect(address.postgres_url(database=name), autocommit=True) as db:
            db.execute(NEW_DEFAULTS)
            for migration in sources(project):
                with db.transaction():
                    db.execute(migration.file.read_bytes())
            rows = db.execute("select kind, name, definition from queue_private.schema_facts()").fetchall()
    finally:
        databases.drop(name)
    found: Facts = {"migration": {each.name: digest(each.file) for each in sources(project)}}
    for kind, fact, definition in sorted(rows):
        found.setdefault(kind, {})[fact] = definition
    return found


def digest(file: Path) -> str:
    """Name a migration's text, whatever its line ends are."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:12]


def as_migration(found: Facts) -> str:
    """Return the migration that makes queue_private.expected_schema."""
    facts_json = json.dumps(found, indent=0, ensure_ascii=False)
    return TEMPLATE.read_text().replace("{}", facts_json, 1)


def as_python(digests: dict[str, str]) -> str:
    """Return the module with the migrations that this code goes with."""
    lines = "".join(f'    "{name}": "{value}",\n' for name, value in digests.items())
    return f'''"""The migrations that this code goes with, and their digests. `make schema` writes this file."""

MIGRATIONS = {{
{lines}}}
'''
