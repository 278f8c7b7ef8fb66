"""The browser that the other tests of this folder rely on."""

from playwright.sync_api import Page

from tests.browser.conftest import Complaints


def test_it_shows_a_page_and_runs_its_script(page: Page) -> None:
    """Whichever Chromium it is."""
    page.set_content("<p id=answer></p><script>answer.textContent = String(6 * 7)</script>")
    assert page.text_content("#answer") == "42"


def test_what_the_console_calls_an_error_is_seen(page: Page, complaints: Complaints) -> None:
    """Otherwise a refusal by a content security policy would go unnoticed."""
    complaints.expected += ["nobody catches this", "default-src"]
    page.set_content("<script>throw new Error('nobody catches this')</script>")
    page.set_content("<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\"><script>1</script>")
    page.wait_for_function("true")
    assert [text.partition(":")[0] for text in complaints.seen] == ["exception", "console"]
