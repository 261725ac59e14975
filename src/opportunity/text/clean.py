"""HTML to text; quoted replies, salutations, signatures and farewells off."""

import re

from opportunity.text.traced import Traced

__all__ = [
    "SALUTATION_SIGN",
    "SIGN",
    "TRIGGER",
    "begin_common",
    "drop_quoted_reply",
    "drop_salutation",
    "drop_signature",
    "strip_html",
]

_BLOCK = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|head|header"
    "|hr|html|li|main|nav|ol|p|pre|section|table|tbody|tfoot|thead|title|tr|ul"
)
_INLINE = "a|b|big|code|del|em|font|i|img|ins|s|small|span|strike|strong|sub|sup|u"
_OTHER = "script|style|template|meta|link|base|button|caption|cite|col|colgroup|input|label|q|td|th"

# Only alternatives that cannot fail read past the next "<", so the scan is linear on any input.
_HTML_RE = re.compile(rf"<(?:!doctype|/?(?:{_BLOCK}|{_INLINE}|{_OTHER}))(?=[\s/>])[^<>]*>", re.IGNORECASE | re.ASCII)
_BLOCK_RE = re.compile(rf"<(?:{_BLOCK}|td)(?=[\s/>])", re.IGNORECASE | re.ASCII)
_TAG_RE = re.compile(
    r"<!--[\s\S]*?(?:-->|\Z)"
    r"|<(?P<hidden>script|style|template|title)(?=[\s/>])[\s\S]*?(?:</(?P=hidden)\s*>|\Z)"
    r"|<(?:!|\?|/?(?P<name>[a-z][\w:-]*)(?=[\s/>]))"
    r"(?:(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+|[^<>]*)>",
    re.IGNORECASE,
)
_HEADINGS = [f"h{level}" for level in range(1, 7)]
_BREAKS = dict.fromkeys((*_BLOCK.split("|"), *_HEADINGS), "\n") | dict.fromkeys(("td", "th"), " ")
_SPACES_RE = re.compile(r"\s+")
_BLANK_LINES_RE = re.compile(r" ?\n[ \n]*")

_WROTE = r"^[ \t]*On [^\n]{0,200}(?:\n[^\n]{0,120})?\bwrote:[ \t]*$"
_LINES_RE = re.compile(
    rf"(?P<wrote>{_WROTE}\n+)?(?:^[ \t]{{0,3}}>(?! ?[0-9])(?=[ >\n]|\Z)[^\n]*(?:\n|\Z))+", re.MULTILINE
)
_HEADER_RE = re.compile(
    rf"(?:{_WROTE}"
    r"|^[ \t]*-{3,}[ \t]*Original (?:Message|Appointment)[ \t]*-{3,}"
    r"|^[ \t*]*From:[^\n]*\n{1,2}(?:[ \t*]*(?:To|Cc|Date|Reply-To):[^\n]*\n{1,2}){0,3}"
    r"[ \t*]*(?:Sent|Subject):)",
    re.MULTILINE,
)
_DATED_RE = re.compile(r"[0-9]{4}|[0-9]:[0-9]{2}|@")

_SIGNATURE_RE = re.compile(r"^--[ ]?\n(?:[^\n]*\n){0,9}[^\n]*\Z", re.MULTILINE)
_DEVICE_RE = re.compile(
    r"^[ \t]*(?:Sent (?:from|via|with) (?:my )?(?:iPhone|iPad|iPod|Android|Samsung|Galaxy|BlackBerry"
    r"|Huawei|Xiaomi|Nokia|Windows|Mail|Outlook|Yahoo|AOL|Gmail|Proton|mobile|phone|smartphone|tablet)\b[^\n]{0,60}"
    r"|Get Outlook for [^\n]{1,60})$\n?",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)
_FOOTER_RE = re.compile(
    r"^[ \t*]*(?:confidentiality|disclaimer|notice|this (?:e-?mail|message|communication|transmission))\b"
    r"[^\n]*(?:\n(?![ \t]*\n)[^\n]+)*",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)
_CONFIDENTIAL_RE = re.compile(r"\b(?:confidential|privileged)\b", re.IGNORECASE | re.ASCII)
_RECIPIENT_RE = re.compile(r"\b(?:intended|recipient|addressee|individual or entity)", re.IGNORECASE)
_WORD_RE = re.compile(r"[^\W_]")


def _nothing(_: re.Match[str]) -> str:
    return ""


def _footer(paragraph: re.Match[str]) -> str | None:
    found = _CONFIDENTIAL_RE.search(paragraph[0]) and _RECIPIENT_RE.search(paragraph[0])
    return "" if found else None


_SIGNATURES = (
    (("sent ", "get outlook "), _DEVICE_RE, _nothing),
    (("confidential", "privileged"), _FOOTER_RE, _footer),
    (("--",), _SIGNATURE_RE, _nothing),
)
"""What is left out, and what stands in every one of it."""

_CALLED = (
    "(?:(?i:sirs?|madam|m(?:r|rs|s|x)|miss|dr|prof|all|both|everyone|everybody|there|again|to|the|or|and|team|support"
    "|customers?|services?|care|helpdesk|desk|complaints?|department|dept|managers?|management|staff|folks|guys|people"
    "|friends?|ladies|gentlemen|colleagues?|somebody|office|relations)|[A-Z][a-z][A-Za-z'’&-]*)"
)
_OPENER = (
    "(?i:i|im|ive|id|my|me|mine|we|our|us|you|your|u|ur|he|she|they|it|its|this|that|these|those|there|the|an?"
    "|am|is|isnt|are|was|were|be|been|do|dont|does|did|didnt|don|didn|can|cant|could|would|will|should|have|has|had"
    "|may|let|need|want|got|please|pls|plz|not|no|yes|yeah|ok|so|sorry|thanks|thank|just|still|again|also|once|now"
    "|today|yesterday|sent|quick|idk|why|what|when|where|who|how|which|if|as|at|after|on|in|for|from|with|and|but|since|because"
    "|some|something|somebody|all|any|anyone|another|one|dear|hi|hello|hey)[ \\t\\n,.!'’]"
)
"""What a sentence begins with; after a bare "Hi" or "Hello" any other word may be the rest of a product's name."""

_SET_OFF = (
    r"(?i:dear|hi|hiya|hello|hallo|hey|howdy|greetings|good (?:morning|afternoon|evening|day))"
    rf"(?:[ /]{{1,2}}{_CALLED}\.?){{0,5}}[ \t]*(?:[,!]|[:;.–—-]+[ \t\n]|\n)[ \t\n,!.:;]*"
    r"|(?i:to whom(?:so)?(?:ever)? it (?:may )?concerns?)[ \t]*[,:;.!-]*[ \t\n]+"
)
_BARE = r"(?i:hi|hiya|hello|hey)(?:[ \t]+(?i:team|guys|folks|sir|madam))?[ \t]+"
# What its groups hold, stays.
_SALUTATION = rf"\A[ \t\n]*(?:(?:{_SET_OFF})+(?:{_BARE}({_OPENER}))?|{_BARE}({_OPENER}))"
SALUTATION_SIGN = r"\A[ \t\n]*(?i:dear|hi|hello|hallo|hey|howdy|greetings|good (?:m|a|e|d)|to whom)"
"""RE2 pattern, quick to compile; where it finds nothing there is no salutation."""

_REGARDS = (
    "(?:(?:with )?(?:(?:very|my|our|kind|kindest|best|warm|warmest|many) ){0,3}(?:regards|wishes|rgds)"
    "|yours(?: (?:sincerely|faithfully|truly|respectfully))?|(?:sincerely|faithfully|respectfully|cordially)(?: yours)?"
    "|all the best)"
)
_THANKS = (
    "(?:best|cheers|take care|(?:(?:many|with) )?(?:thanks|thank you|thx)"
    "(?: (?:again|in advance|so much|very much|a lot|for your (?:help|time)|and (?:(?:kind|best) )?regards))?)"
)
_NAME_WORD = r"(?:somebody|[^\W\d_a-z][\w.'’-]*)"
_SHORT_LINE = r"(?!(?i:p\.? ?s\b))\S{1,30}(?:[ \t]\S{1,30}){0,4}"
# Thanks in capitals are left alone: what follows them may be a name or the matter, and its letters do not tell.
_FAREWELL_RE = re.compile(
    r"(?:\n|(?<=[.!?]) )[ \t]*(?:"
    rf"(?i:{_REGARDS})[ \t]*[,.!–—-]*(?:[ \t]*(?:\n[ \t]*){{1,3}}{_SHORT_LINE}){{0,3}}"
    rf"|(?=\w[a-z])(?i:{_REGARDS}|{_THANKS})[ \t]*(?:[,.!–—-]+[ \t]*\n|\n|[,–—-] ?)\s{{0,3}}"
    rf"{_NAME_WORD}(?: {_NAME_WORD}){{0,3}}(?:\n[ \t]*{_SHORT_LINE}){{0,2}}"
    r")\s*\Z"
)
_FAREWELL_FITS_IN = 160
_FAREWELL_SIGNS = (
    *("regards", "wishes", "rgds", "yours", "sincerely", "faithfully", "respectfully", "cordially"),
    *("best", "cheers", "take care", "thank", "thx"),
)
"""One of these is in every farewell."""
_SALUTATION_RE = re.compile(_SALUTATION)
_UNCOVERED_RE = re.compile(r"\Z|[^A-Za-z]|(?i:dear|h[aeio]|greetings|good)")

TRIGGER = (
    rf"(?i:(?:\n|[.!?] )[ \t]*{_REGARDS}[ \t]*(?:\n|[,.!–—-]|\z))"
    rf"|(?i:(?:\n|[.!?] )[ \t]*{_THANKS})[ \t]*(?:[,.!–—-]*[ \t]*\n|[,–—-])[ \t\n]{{0,3}}(?:somebody|[^a-z0-9_ \t\n])"
    r"|<[A-Za-z/!?]|(?m:^[ \t]{0,3}>)|(?m:^--[ ]?$)|(?i:wrote:|-[ \t]*Original|From:[^\n]*\n|Get Outlook)"
    r"|(?i:Sent (?:from|via|with)|confidential|privileged)"
)
"""RE2 pattern; a text in which it finds nothing passes every step here unchanged, `drop_salutation` apart."""

SIGN = (
    "(?i:regards|wishes|rgds|yours|sincerely|faithfully|respectfully|cordially|all the best"
    r"|[.!?\n][ \t]*(?:best|cheers|take care|(?:many |with )?th(?:ank|x))"
    r"|<[a-z/!?]|(?:\A|[ \t\n])>|--|wrote:|-[ \t]*Original|From:|Get Outlook|Sent (?:from|via|with)"
    "|confidential|privileged)"
)
"""RE2 pattern, quick to compile; where it finds nothing, `TRIGGER` finds nothing."""


def strip_html(text: Traced) -> Traced:
    """Turn HTML into text; text with other uses of ``<`` stays as it is.

    Scripts, styles and comments go with what is in them; a block becomes a new line.
    """
    if not _HTML_RE.search(text.text):
        return text
    flowing = bool(_BLOCK_RE.search(text.text))
    after = text.replace(_SPACES_RE, " ") if flowing else text
    after = after.replace(_TAG_RE, _break)
    after = after.replace(_BLANK_LINES_RE, lambda m: "\n\n" if m[0].count("\n") > 1 else "\n") if flowing else after
    return _unless_empty(after, text)


def _break(tag: re.Match[str]) -> str:
    """Say what a tag is in plain text: nothing, a new line, or a space between cells."""
    return _BREAKS.get((tag["name"] or "").lower(), "")


def drop_quoted_reply(text: Traced) -> Traced:
    """Leave out what was quoted from earlier messages, unless there is nothing else."""
    after = _unless_empty(text.replace(_LINES_RE, ""), text) if ">" in text.text else text
    for header in _HEADER_RE.finditer(after.text):
        if "wrote:" not in header[0] or _DATED_RE.search(header[0]):
            return _unless_empty(after.edit([(header.start(), len(after.text), "")]), after)
    return after


def drop_signature(text: Traced) -> Traced:
    """Leave out signatures, "Sent from my iPhone", legal footers and farewells, unless there is nothing else."""
    holds = text.text.casefold().__contains__
    for signs, pattern, new in _SIGNATURES:
        if any(map(holds, signs)):
            text = _unless_empty(text.replace(pattern, new), text)
    if not any(map(holds, _FAREWELL_SIGNS)):
        return text
    end = len(text.text)
    while farewell := _FAREWELL_RE.search(text.text, max(0, end - _FAREWELL_FITS_IN), end):
        end = farewell.start()
    if end == len(text.text):
        return text
    return _unless_empty(text.edit([(len(text.text[:end].rstrip()), len(text.text), "")]), text)


def drop_salutation(text: Traced) -> Traced:
    """Leave out "Hi there," or "Dear Sir or Madam," at the beginning, unless there is nothing else."""
    found = _SALUTATION_RE.match(text.text)
    return _unless_empty(text.edit([(0, _end(found), "")]), text) if found else text


def begin_common(text: str) -> str | None:
    """Leave out the salutation; None where what is left may need another step for its new beginning."""
    found = _SALUTATION_RE.match(text)
    if not found:
        return text
    end = _end(found)
    return None if _UNCOVERED_RE.match(text, end) else text[end:]


def _end(salutation: re.Match[str]) -> int:
    """Where what is said begins."""
    stays = max(salutation.start(1), salutation.start(2))
    return salutation.end() if stays < 0 else stays


def _unless_empty(after: Traced, before: Traced) -> Traced:
    return after if after is before or _WORD_RE.search(after.text) else before
