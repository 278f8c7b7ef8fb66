"""The front end that docs/frontend.md shows, in an app of Next.js: put there as it is printed, to be built."""

import re
from pathlib import Path

from dev import paths

DOCUMENT = paths.PROJECT / "docs/frontend.md"
BLOCK = re.compile(r"^```tsx?\n// (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A page that has all of it.
PAGE = """import { Feed } from "@/components/feed";
import { LikeButton } from "@/components/like-button";
import { NewPost } from "@/components/new-post";
import { Providers } from "./providers";
import { WhoLikes } from "./who-likes";

export default function Page() {
  return (
    <Providers>
      <WhoLikes />
      <LikeButton postId="00000000-0000-0000-0000-000000000001" likes={41} />
      <Feed posts={[]} />
      <NewPost />
    </Providers>
  );
}
"""
# What Supabase's guide has an app set. The page is rendered by the build, which calls nobody.
ENVIRONMENT = {
    "NEXT_PUBLIC_SUPABASE_URL": "https://project.supabase.co",
    "NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY": "sb_publishable_key",
}


def put_into(app: Path) -> None:
    """Write the document's files, and the page."""
    for name, code in BLOCK.findall(DOCUMENT.read_text()):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(code)
    (app / "app/page.tsx").write_text(PAGE)


def problems_of_page(app: Path) -> list[str]:
    """Say what the page lacks as the build rendered it, on a server, where no browser's storage is."""
    rendered = (app / ".next/server/app/index.html").read_text()
    text = re.sub(r"<!--.*?-->", "", rendered)
    shown = ('<button aria-pressed="false" aria-busy="false">♡ 41</button>', '<input type="file"')
    return [f"the page was rendered without {part}" for part in shown if part not in text]
