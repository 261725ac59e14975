"""A headless Chromium for the tests, and texts that try to run a script."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
"""As root there is no sandbox; and a page of a made-up helpdesk may embed one that this machine serves."""

XSS = (
    "<script>window.xss=1</script>",
    "<img src=x onerror=window.xss=1>",
    "<svg onload=window.xss=1>",
    "<svg><script>window.xss=1</script></svg>",
    '"><script>window.xss=1</script>',
    "'><img src=x onerror=window.xss=1>",
    "</textarea><script>window.xss=1</script>",
    "</script><script>window.xss=1</script>",
    "<!--<script>--><script>window.xss=1</script>",
    "<iframe srcdoc='<script>parent.xss=1</script>'></iframe>",
    "<details open ontoggle=window.xss=1>",
    "<input autofocus onfocus=window.xss=1>",
    "<a href=javascript:window.xss=1>click</a>",
    "[click](javascript:window.xss=1)",
    '![x](x" onerror="window.xss=1)',
    "{{constructor.constructor('window.xss=1')()}}",
    "${window.xss=1}",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.xss=1>",
    "<template><img src=x onerror=window.xss=1></template>",
    "<body onload=window.xss=1>",
    "<style>@import 'javascript:window.xss=1';</style>",
    "<link rel=stylesheet href=javascript:window.xss=1>",
    "\u2028window.xss=1\u2029",
    "<ScRiPt>window.xss=1</sCrIpT>",
    "<img src=`x`onerror=window.xss=1>",
    "<marquee onstart=window.xss=1>",
    "&lt;script&gt;window.xss=1&lt;/script&gt;",
    "<script\x00>window.xss=1</script>",
    '\\"};window.xss=1;//',
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed; run: pip install -e '.[dev]'")
    from playwright.sync_api import sync_playwright

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no Chromium; run scripts/install_chromium.sh as root")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(browser: Any, foreign: str = "no such script", **context: Any) -> Iterator[Any]:
    """A page on which a script that runs, a dialog or a script error fails the test; not a foreign file's error."""
    faults: list[str] = []
    opened = browser.new_context(**context)
    page = opened.new_page()
    page.set_default_timeout(45_000)
    page.on("pageerror", lambda error: foreign in (error.stack or "") or faults.append(f"script error: {error.stack}"))
    page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    try:
        yield page
        assert page.evaluate("window.xss") is None, "a script ran"
        assert faults == [], faults
    finally:
        if (folder := os.environ.get("SCREENSHOTS")) and not page.is_closed():
            name = os.environ.get("PYTEST_CURRENT_TEST", "page").split("::")[-1].split(" ")[0]
            page.screenshot(path=Path(folder) / f"{name.replace('/', '-')}.png", full_page=True)
        opened.close()
