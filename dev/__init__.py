"""The local stack: Supabase and Vercel's functions on this machine, without Docker or an account.

    with dev.supabase.temporary() as stack:
        with dev.vercel.Functions(stack.project, stack.functions_env()) as functions:
            ...

Development only: nothing in `api/` or `lib/` may import it. Only dev.openapi imports lib, to describe the routes.
"""
