"""The page that shows the API's description, in a real browser under the headers of vercel.json."""

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from dev import api_docs
from tests.browser.site import Site


def test_the_page_shows_the_routes_and_asks_no_other_origin(page: Page, site: Site) -> None:
    """Nothing that the policy refuses, nothing from elsewhere: `page` fails with the first complaint of the browser."""
    api_docs.build()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.functions.url + api_docs.PATH)
    expect(page.get_by_text("/api/queue/process").first).to_be_visible()
    page.get_by_text("/api/ratings").first.click()
    expect(page.get_by_text("postId").first).to_be_visible()
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {
        urlsplit(site.functions.url).netloc
    }
    assert any(url.endswith("/openapi.json") for url in asked)
