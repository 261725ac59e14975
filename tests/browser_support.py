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
    "</style><script>window.xss=1</script>",
    "</title><script>window.xss=1</script>",
    "--><script>window.xss=1</script>",
    "]]><script>window.xss=1</script>",
    "<noscript><p title='</noscript><img src=x onerror=window.xss=1>'>",
    "<xmp><p title='</xmp><svg/onload=window.xss=1>'>",
    "<object data=javascript:window.xss=1></object>",
    "<embed src=javascript:window.xss=1>",
    "<meta http-equiv=refresh content='0;url=javascript:window.xss=1'>",
    "<form action=javascript:window.xss=1><input type=submit></form>",
    "<a href='jav&#x09;ascript:window.xss=1'>click</a>",
    "<svg><animate onbegin=window.xss=1 attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:window.xss=1><text>click</text></a></svg>",
    "<video><source onerror=window.xss=1></video>",
    "<select autofocus onfocus=window.xss=1>",
    "<img src=x onerror=&#119;indow.xss=1>",
    "<img src=//evil.example/pixel.png>",
    "<link rel=prefetch href=//evil.example/>",
    "<style>*{background:url(//evil.example/)}</style>",
    "<https://evil.example/>",
    "[x]: javascript:window.xss=1",
    "{% debug %}{{ 7*7 }}{{ ''.__class__ }}",
    "#{window.xss=1}",
    "\uff1cscript\uff1ewindow.xss=1\uff1c/script\uff1e",
    "<\u200bscript>window.xss=1</script>",
    "\u202e<script>window.xss=1</script>",
    "%3Cscript%3Ewindow.xss=1%3C/script%3E",
    "\\u003cscript\\u003ewindow.xss=1\\u003c/script\\u003e",
)


def words(text: str | None) -> str:
    """A text without what only its layout says."""
    return " ".join((text or "").split())


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
def watched_page(
    browser: Any, foreign: str = "no such script", only: str | None = None, **context: Any
) -> Iterator[Any]:
    """A page on which a script that runs, a dialog or a script error fails the test; not a foreign file's error.

    Where it is said what alone may be asked for, so does a request for something else, and what a policy refuses.
    """
    faults: list[str] = []
    opened = browser.new_context(**context)
    page = opened.new_page()
    page.set_default_timeout(45_000)
    page.on("pageerror", lambda error: foreign in (error.stack or "") or faults.append(f"script error: {error.stack}"))
    page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    if only is not None:
        page.on("request", lambda asked: asked.url.startswith(only) or faults.append(f"it asks for {asked.url}"))
        page.on("console", lambda said: "Content Security Policy" in said.text and faults.append(said.text))
    try:
        yield page
        assert page.evaluate("window.xss") is None, "a script ran"
        assert faults == [], faults
    finally:
        if (folder := os.environ.get("SCREENSHOTS")) and not page.is_closed():
            name = os.environ.get("PYTEST_CURRENT_TEST", "page").split("::")[-1].split(" ")[0]
            page.screenshot(path=Path(folder) / f"{name.replace('/', '-')}.png", full_page=True)
        opened.close()
