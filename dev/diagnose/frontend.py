"""What goes wrong in browsers and in the cache. Not run here: the local stack has no Realtime, Next.js or Redis."""

from dev.diagnose.fault import Evidence, Fault

FAULTS = [
    Fault(
        "realtime_never_unsubscribed",
        "high",
        "Realtime subscriptions are never ended",
        "Each visit of a page adds a channel. The tab grows, each change re-renders as often as the page was opened,"
        " and the project reaches its limit of connections: new visitors get no updates at all.",
        "Return a clean-up from the effect: `return () => { supabase.removeChannel(channel) }`, and have one channel"
        " for each thing. With `supabase/optional/live_counts.sql` the hooks of `clients/typescript` subscribe to"
        " `post:<id>:likes` and end the channel with the last component that shows the post.",
        evidence=Evidence(
            "useEffect(() => {\n"
            '  supabase.channel("likes").on("postgres_changes", { event: "*", schema: "public", table: "posts_new" },'
            " reload).subscribe()\n"
            "}, [postId])                     // nothing is returned: nothing ends it",
            "how it shows: go back and forth between two posts ten times; `supabase.getChannels().length` in the"
            " console grows by one each time, and one like logs ten updates. Where to look: every `.subscribe()` in an"
            " effect that returns nothing",
            language="tsx",
        ),
    ),
    Fault(
        "stale_redis_entries",
        "medium",
        "The cache keeps the count of before a like",
        "After a like and a reload the old number is back until the entry expires. A reader that fetched the count"
        " before the like, and stores it after the entry was deleted, brings it back for a whole lifetime.",
        "Let the one who changes the count say so. With `UPSTASH_REDIS_REST_URL` the sync replaces the copy, with a"
        " version: an older value cannot win over a newer one. `REVALIDATE_URL` does it for Next.js's cache. `liked` is"
        " one visitor's and belongs in no shared cache: `GET /api/ratings` answers it with a count of its own.",
        evidence=Evidence(
            "const cached = await redis.get(`post:${id}`)\n"
            "if (cached) return cached\n"
            'const post = await supabase.from("posts_new").select().eq("id", id).single()   // likes as of now\n'
            "await redis.set(`post:${id}`, post, { ex: 300 })                              // stored after the like",
            "how it shows: like, reload, the old number. How to check: `GET post:{id}` in Redis against `select likes"
            " from posts_new where id = '{id}'`, right after a like and 5 minutes later",
            language="tsx",
        ),
    ),
    Fault(
        "comment_counts_flash",
        "low",
        "Comment counts flash from 0 to their value",
        "Each card starts with 0 and asks for its own count after it is shown: 20 cards make 20 requests, and the"
        " numbers and the layout jump.",
        "Ask for the counts with the page of posts, in one query (`select=*,comments(count)`), and show a placeholder"
        " of the same width until they are there, never a 0 that nobody counted.",
        evidence=Evidence(
            "const [count, setCount] = useState(0)\n"
            "useEffect(() => { fetchCommentCount(post.id).then(setCount) }, [post.id])",
            "how it shows: reload with the network throttled to Slow 4G: every card says 0, then jumps. How to check:"
            " the network panel shows one request a card; the performance panel shows a layout shift a card",
            language="tsx",
        ),
    ),
]
