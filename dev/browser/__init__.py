"""A real browser, headless: for the tests of pages and for the pictures in the documents."""

from dev.browser.chromium import launch
from dev.browser.program import axe_script, chromium_program

__all__ = ["axe_script", "chromium_program", "launch"]
