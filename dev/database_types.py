"""`make types`: supabase/types.ts, what `supabase gen types` says of the schema after all migrations.

For `createClient<Database>(...)` in an app. `make check` says when it is out of date.
"""

import sys

from dev import paths
from dev.check.schema import supabase, supabase_folder
from dev.supabase import temporary

FILE = paths.PROJECT / "supabase/types.ts"
HEAD = "// Made by `make types`, from the migrations, by `supabase gen types`. Do not edit.\n\n"


def generate() -> str:
    """Return the file's content. Supabase's command line says other things before the first export."""
    with temporary() as stack, supabase_folder() as folder:
        url = stack.address.postgres_url()
        output = supabase(
            folder, "gen", "types", "--lang=typescript", f"--remote={url}?sslmode=disable", "--schema=public"
        )
    lines = (line.rstrip() for line in output[output.index("export type Json") :].splitlines())
    return HEAD + "\n".join(line for line in lines if line) + "\n"


def main() -> int:
    """Write the file."""
    FILE.write_text(generate())
    print(f"wrote {FILE.relative_to(paths.PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
