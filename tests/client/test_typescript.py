"""clients/typescript: its types are the routes', its logic holds, and what the documents show compiles."""

import json
import re
import shutil

import pytest

from dev import paths, typescript
from dev.errors import StackError
from lib.outside.caches.redis import SCRIPT


def test_the_types_are_those_of_the_routes() -> None:
    """Whoever changes a route runs `make openapi`, which makes them anew."""
    assert typescript.TYPES.read_text() == typescript.types(), "run make openapi"


def test_only_what_a_front_end_may_call_is_in_them() -> None:
    """A page has no token of a server, and nobody should look for one."""
    paths = set(re.findall(r'^    readonly "(/api/[^"]*)"', typescript.TYPES.read_text(), re.MULTILINE))
    assert paths == {"/api/health/queue", "/api/posts", "/api/ratings"}


def test_the_types_hold() -> None:
    """Strict, sources and tests alike; a mistake is found."""
    with typescript.workspace() as folder:
        typescript.check_types(folder)
        (folder / "src" / "wrong.ts").write_text('import { Likes } from "./likes";\nnew Likes();\n')
        with pytest.raises(StackError, match=r"src/wrong.ts\(2,1\): error TS2554"):
            typescript.check_types(folder)


def test_its_own_tests_pass() -> None:
    """On node:test, with a pretended server, browser and clock."""
    with typescript.workspace() as folder:
        tests = sorted(f"tests/{file.name}" for file in (folder / "tests").glob("*.test.ts"))
        bundles = typescript.bundle(folder, *tests, platform="node")
        output = typescript.run_node("--test", "--test-reporter=tap", *bundles, cwd=folder)
    counts = dict(re.findall(r"^# (\w+) (\d+)$", output, re.MULTILINE))
    assert int(counts["pass"]) == int(counts["tests"]) >= 60, output


def test_an_app_gets_react_from_nobody_else() -> None:
    """What a page loads is React and this."""
    package = json.loads((typescript.FOLDER / "package.json").read_text())
    assert package.get("dependencies", {}) == {}
    assert package["peerDependencies"].keys() == {"react"}
    for entry in package["exports"].values():
        assert (typescript.FOLDER / entry).is_file()


# -- the documents

BLOCK = re.compile(r"^```tsx?\n// (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What an app of Next.js has beside them; its own types are 100 MB.
NEXT = 'declare module "next/cache" { export function revalidateTag(tag: string, profile: string): void; }\n'


# And the browser client of Supabase's guide, which is the app's.
GUIDE = """import { createBrowserClient } from "@supabase/ssr";
export const createClient = () => createBrowserClient("https://x.supabase.co", "sb_publishable_x");
"""
# What the documents show, and what they say may stand there instead.
VARIANTS = {
    ".": ("", ""),
    "packaged": ('"@/lib/suplatzigram', '"suplatzigram-client'),
    "guided": ('"@/lib/supabase/client"', '"@/lib/supabase/guide"'),
}


def test_what_the_documents_show_compiles_in_an_app() -> None:
    """With the client installed in both ways, and the strictness that create-next-app sets."""
    blocks = {
        name: code
        for document in ("frontend.md", "cache.md")
        for name, code in BLOCK.findall((paths.PROJECT / "docs" / document).read_text())
    }
    assert {name.partition("/")[0] for name in blocks} == {"app", "components", "lib"}
    options = {
        "target": "ES2017",
        "lib": ["dom", "dom.iterable", "esnext"],
        "module": "esnext",
        "moduleResolution": "bundler",
        "isolatedModules": True,
        "jsx": "preserve",
        "noEmit": True,
        "strict": True,
        "skipLibCheck": True,
        "types": ["node"],
        "paths": {"@/*": ["./*"]},
    }
    with typescript.workspace() as folder:
        app = folder.parent
        shutil.copytree(folder / "src", app / "lib/suplatzigram")
        for variant, (shown, instead) in VARIANTS.items():
            for name, code in blocks.items():
                (app / variant / name).parent.mkdir(parents=True, exist_ok=True)
                (app / variant / name).write_text(code.replace(shown, instead))
        (app / "lib/supabase/guide.ts").write_text(GUIDE)
        (app / "next.d.ts").write_text(NEXT)
        settings = {"compilerOptions": options, "include": ["."], "exclude": [folder.name, "node_modules"]}
        (app / "tsconfig.json").write_text(json.dumps(settings))
        typescript.check_types(app)
        (app / "packaged/components/like-button.tsx").write_text(
            blocks["components/like-button.tsx"].replace("like.likes", "like.count")
        )
        with pytest.raises(StackError, match="Property 'count' does not exist"):
            typescript.check_types(app)


def test_the_readme_names_each_file() -> None:
    """It lies in an app that installed the client, where nothing else says what the folder is."""
    named = re.findall(r"^\| `(\S+)` \|", (typescript.FOLDER / "src/README.md").read_text(), re.MULTILINE)
    files = [file.name for file in (typescript.FOLDER / "src").glob("*.ts")]
    assert sorted(named) == sorted([*files, "database.ts"])


def test_the_script_that_others_fill_copies_with_is_ours() -> None:
    """Two rules for one copy would let an old count win."""
    text = (paths.PROJECT / "docs" / "cache.md").read_text()
    shown = re.search(r"^```lua\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert shown
    assert shown[1].strip() == SCRIPT.strip()
