"""What is wrong, as the doctor says it; and what it looks at from here: the migrations' digests, and Storage."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from lib.errors import DatabaseError, DatabaseRejected
from lib.model import Model

if TYPE_CHECKING:  # it takes long to import
    from lib.database.storage import Storage

type Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")

# Storage's answer about a bucket that it does not have.
_NOT_FOUND = "404"
_NAMED = 5


class Finding(Model):
    """One thing that is wrong. code: stable. mend: the command or the SQL that mends it."""

    code: str
    severity: Severity
    subject: str
    message: str
    mend: str


def migration_findings(ours: Mapping[str, str], applied: Mapping[str, str]) -> list[Finding]:
    """Compare the migrations that the code goes with and those that the database has, by names and digests."""
    missing = [name for name in ours if name not in applied]
    changed = [name for name in ours if name in applied and applied[name] != ours[name]]
    unknown = [name for name in applied if name not in ours]
    findings = []
    if missing:
        message = f"the database lacks migrations of the deployed code: {_first(missing)}"
        findings.append(_migrations("migrations_behind", "high", message, "supabase db push --remote"))
    if changed:
        message = f"the database has other versions of these migrations than the deployed code: {_first(changed)}"
        mend = 'for file in supabase/migrations/*.sql; do psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f "$file"; done'
        findings.append(_migrations("migrations_changed", "medium", message, mend))
    if unknown and not missing:
        message = f"the database has migrations that the deployed code does not know: {_first(unknown)}"
        findings.append(_migrations("code_behind", "low", message, "vercel deploy --prod"))
    return findings


async def bucket_findings(storage: "Storage", *buckets: str) -> list[Finding]:
    """Ask Storage whether these buckets are there, and public, as the images' URLs are."""
    found = await asyncio.gather(*(_look_at(storage, bucket) for bucket in buckets))
    return [finding for finding in found if finding]


async def _look_at(storage: "Storage", bucket: str) -> Finding | None:
    """Say what is wrong with a bucket. Storage's being down is a finding, not an error."""
    subject = f"bucket {bucket}"
    try:
        if await storage.is_public(bucket):
            return None
    except DatabaseRejected as refusal:
        if refusal.sqlstate == _NOT_FOUND:
            mend = f"-- Dashboard, Storage, New bucket: {bucket}, public. Or: supabase db push --remote"
            message = "Storage does not have this bucket: no image can be stored or read"
            return Finding(code="bucket_missing", severity="critical", subject=subject, message=message, mend=mend)
        return _unreachable(subject, refusal)
    except DatabaseError as outage:
        return _unreachable(subject, outage)
    mend = f"update storage.buckets set public = true where id = '{bucket}';"  # noqa: S608 - shown, and of settings
    message = "the bucket is private: browsers are refused the images' URLs"
    return Finding(code="bucket_private", severity="high", subject=subject, message=message, mend=mend)


def _unreachable(subject: str, error: DatabaseError) -> Finding:
    mend = 'curl "$SUPABASE_URL/storage/v1/status" -- is Storage up, and SUPABASE_SERVICE_ROLE_KEY the right one?'
    message = f"Storage does not answer as it should: {error}"
    return Finding(code="storage_unreachable", severity="high", subject=subject, message=message, mend=mend)


def _migrations(code: str, severity: Severity, message: str, mend: str) -> Finding:
    return Finding(code=code, severity=severity, subject="migrations", message=message, mend=mend)


def _first(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
