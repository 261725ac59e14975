"""What could tell who wrote, or about whom, becomes a plain word such as ``emailaddress``."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opportunity.text.column import HeldBytes, find, replace
from opportunity.text.traced import Traced

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["GREETING", "GREETING_SIGN", "mask", "mask_common", "mask_private"]

FEWEST_DIGITS = 3
"""Of a number or code that is masked."""

# Shapes without look-around, so that each can stand in a pattern and in a trigger alike.
_HELLO = (
    "(?:[Dd]ear|DEAR|[Hh]i|HI|[Hh]ello|HELLO|[Hh]ey|HEY|[Hh]iya|[Gg]reetings|[Gg]ood (?:morning|afternoon|evening)) "
)
_HELLOS = ("dear ", "hi ", "hello ", "hey ", "hiya ", "greetings ", "good ")
"""What stands in each, in lower case."""

_TITLE = "(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Signor|Signora|Madame|Messrs)"
_BARE_LINK_SIGN = r"\.[A-Za-z]{2,10}/[A-Za-z0-9]"
_LINK_SIGN = rf"://|[Ww]{{3}}\.|{_BARE_LINK_SIGN}"
_CARD = "[0-9](?:[ -]?[0-9]){12,18}"
_IBAN = "[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?"
_PHONES = (
    r"(?:\+|00)[1-9](?:[ ().-]{0,3}[0-9]){6,14}",  # international
    r"(?:1[ .-]?)?\(?[2-9][0-9]{2}\)?[ .-]{0,2}[0-9]{3}[ .-]?[0-9]{4}",  # North American
    r"\(?0[0-9]{2,5}\)?(?:[ .-]?[0-9]{2,4}){1,4}",  # with the zero of a trunk call
    r"0[0-9](?:[ .-][0-9]{2}){4}",
    r"0[0-9][ .-][0-9]{4}[ .-][0-9]{4}",
    r"555[ .-][0-9]{4}",
)
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[A-Za-z]*"
_CURRENCY = (
    "(?i:usd|eur|gbp|inr|aud|cad|nzd|chf|aed|rs|dollars?|euros?|pounds?|quid|bucks|rupees?|francs?|pence|cents?)"
)
_ADDRESSEE_RE = re.compile(
    r"(?i)\b(?:"
    "all|any|anyone|bank|board|care|chief|claims|colleague|colleagues|committee|company|complaints"
    "|council|customer|department|desk|director|doctor|everybody|everyone|folks|friend|friends|gentlemen"
    "|guys|head|help|helpdesk|hotel|ladies|lettings|madam|madame|manager|management|members|office"
    "|officer|owner|people|postmaster|practice|records|relations|representative|sales|seller|service"
    "|services|sir|sirs|staff|store|support|surgery|team|the|there|to|treasurer|waste|whom"
    r")\b"
)

_EMAIL_SIGN_RE = re.compile(r"@(?<=[\w.+-]@)[\w-]")
_EMAIL_RE = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MARKED_LINK = r"(?:(?i:https?)://|(?<!\w)[Ww]{3}\.)[^\s<>\"]*[^\s<>\".,;:!?)'\]]"
_MARKED_LINK_RE = re.compile(_MARKED_LINK)
_BARE_LINK_SIGN_RE = re.compile(_BARE_LINK_SIGN)
_LINK_RE = re.compile(
    rf"{_MARKED_LINK}|"
    r"(?<![\w.-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,10}/[A-Za-z0-9](?:[^\s<>\"]*[^\s<>\".,;:!?)'\]])?"
)
_HANDLE_RE = re.compile(r"(?<![\w@.])@(?:[^\W\d]\w*|[0-9]{5,}\w*)")
_GREETING_RE = re.compile(
    rf"(?:^|(?<=[.!?] ))[ \t]*{_HELLO}(?P<title>{_TITLE}\b\.? )?"
    rf"(?P<name>(?!I['’]|{_TITLE}\b)"
    r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){0,2})"
    r"(?P<end> ?(?:[,!:;.\n–—]|- |\Z))?",
    re.MULTILINE,
)
_NUMBER_RE = re.compile(
    r"(?<![A-Za-z0-9_.,])(?=(?:# ?)?[A-Za-z/_-]*[+(]?[0-9])(?:"  # most words are passed by at once
    r"(?P<keep>[0-9]{4}(?P<a>[-/.])[0-9]{1,2}(?P=a)[0-9]{1,2}(?:T[0-9:]+)?(?![\w-])"
    r"|[0-9]{1,2}(?P<b>[-/.])[0-9]{1,2}(?P=b)(?:[0-9]{4}|[0-9]{2})(?![\w-])"
    rf"|[0-9]{{1,2}}-?{_MONTH}-?[0-9]{{2,4}}(?!\w)"
    r"|[0-9]{1,3}(?:,[0-9]{2,3})+(?:\.[0-9]+)?(?!\w)|[0-9]+[.,][0-9]{1,2}(?![\w.-]))"
    rf"|(?P<iban>{_IBAN}(?!\w))"
    rf"|(?P<card>{_CARD}(?![\w-]))"
    rf"|(?P<phone>(?:{'|'.join(_PHONES)})(?![\w-]))"
    r"|(?P<code>(?:# ?)?(?<![/-])(?=(?:[A-Za-z/_-]*[0-9]){3})[A-Za-z0-9]+(?:[-/_][A-Za-z0-9]+)*(?!\w)))"
)
_SUM_BEFORE_RE = re.compile(rf"(?:[$£€¥₹]|\b{_CURRENCY}\.?) ?\Z")
_SUM_RE = re.compile(rf"{_CURRENCY}?[0-9]+{_CURRENCY}?")
_SUM_AFTER_RE = re.compile(rf" ?{_CURRENCY}\b")
_SEPARATOR_RE = re.compile("[-/_ ]")
_LETTERS_RE = re.compile("[A-Za-z]")
_DOUBLED = str.maketrans("0123456789", "0246813579")
_UNIT_RE = re.compile("[0-9]+[a-z]{1,5}")
_SHORT_CODE_RE = re.compile("[A-Z]{1,6}-[0-9]{3}")

GREETING = rf"(?m:(?:^|[.!?] )[ \t]*{_HELLO}(?:[^a-z\s]\S|{_TITLE}))"
"""RE2 pattern; where it finds nothing, no name stands in a greeting."""

GREETING_SIGN = (
    r"(?m:(?:^|[.!?] )[ \t]*(?i:dear|hi|hello|hey|hiya|greetings|good (?:morning|afternoon|evening)) [^a-z])"
)
"""RE2 pattern, quick to compile; where it finds nothing, `GREETING` finds nothing."""

# RE2 patterns of the common shape of what is masked
_LINK = "(^|[ \n])https?://[A-Za-z0-9/_?=&%#.~+-]*[A-Za-z0-9/_=&%#~+-]"
_HANDLE = "(^|[ \n])@(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]{5}[A-Za-z0-9_]*)"

# RE2 patterns; a text in which none finds anything passes `mask` unchanged, names in greetings apart
_HANDLE_SIGN = "@[^\x00-\x2f:-@\\[-^`{-\x7f]"


def _digits_and_a_letter(digits: int, letters: str) -> str:
    """A pattern of a code's inside with so many digits and, before, between or after them, a letter other than x."""
    within = f"[{letters}0-9_/-]*"
    letter = "[" + letters.replace("A-Z", "A-WYZ").replace("a-z", "a-wyz") + "]"
    places = (
        f"(?:[0-9]{within}){{{before}}}{letter}(?:{within}[0-9]){{{digits - before}}}" for before in range(digits + 1)
    )
    return f"{within}(?:{'|'.join(places)})"


_NUMBER_SIGN = (
    "# ?[0-9]{3}|[A-Z]-[0-9]{3}|(?:^|[^A-Za-z0-9_.,$£€¥₹])"
    "(?:[0-9]{5}|0[0-9](?:[ ()._-]{0,3}[0-9]){3}|[0-9](?:[ ()._-]{0,3}[0-9]){5}"
    "|[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2})"
    f"|(?:^|[^A-Za-z0-9_.,/-])(?:{_digits_and_a_letter(4, 'A-Z')}|{_digits_and_a_letter(5, 'A-Za-z')})"
)
# what follows the word shows whether `mask` would have taken more
_CUT_SHORT = r"(?:weblink|somebody)(?:[^ \n.,!?:;)]|[.,!?:;)]{1,3}[^ \n.,!?:;)]|[.,!?:;)]{4})"


def mask_common(texts: "pa.Array") -> tuple["pa.Array", NDArray[np.bool_]]:
    """Put placeholder words where links and handles stand free, which is all there is in most posts.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings without nulls.

    Returns
    -------
    masked : pyarrow.Array
        Of strings.
    unsure : ndarray of bool
        Whether `mask` could make something else of the text, names in greetings apart.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    held = HeldBytes.of(texts)
    links, handles = (held.rows_with(held.places(piece)) for piece in (b"://", b"@"))
    for rows, pattern, word in ((links, _LINK, r"\1weblink"), (handles, _HANDLE, r"\1somebody")):
        texts = replace(texts, rows, pc.replace_substring_regex(texts.filter(pa.array(rows)), pattern, word))
    held = HeldBytes.of(texts)
    linked = np.logical_or.reduce([held.rows_with(held.places(piece)) for piece in (b"/", b"w.", b"W.")])
    digits = np.flatnonzero(held.given - np.uint8(ord("0")) < 10)
    unsure = np.zeros(len(texts), bool)
    for rows, sign in (
        (links | handles, _CUT_SHORT),
        (held.rows_with(held.places(b"@")), _HANDLE_SIGN),
        (linked, _LINK_SIGN),
        (held.rows_with(digits, FEWEST_DIGITS), _NUMBER_SIGN),
    ):
        unsure |= find(texts, sign, rows)
    return texts, unsure


def mask(text: str) -> str:
    """Put placeholder words where a text holds what is private.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The text with ``emailaddress``, ``weblink``, ``somebody`` (handles and names in greetings), ``iban``,
        ``cardnumber``, ``phonenumber`` and ``referencenumber``; sums, dates, times and short numbers stay.

    Examples
    --------
    >>> from opportunity.text.privacy import mask
    >>> mask("Dear Mr Pellingham, order AB-48213 cost £40, write to jo@example.org")
    'Dear Mr somebody, order referencenumber cost £40, write to emailaddress'
    """
    return mask_private(Traced(text)).text


def mask_private(text: Traced) -> Traced:
    """Put placeholder words where a traced text holds what is private."""
    if _EMAIL_SIGN_RE.search(text.text):
        text = text.replace(_EMAIL_RE, "emailaddress")
    if any(map(text.text.__contains__, ("/", "w.", "W."))):
        bare = _BARE_LINK_SIGN_RE.search(text.text)
        text = text.replace(_LINK_RE if bare else _MARKED_LINK_RE, "weblink")
    if "@" in text.text:
        text = text.replace(_HANDLE_RE, "somebody")
    if any(map(text.text.casefold().__contains__, _HELLOS)):
        text = text.edit(name for m in _GREETING_RE.finditer(text.text) if (name := _name(m)))
    if sum(map(text.text.count, "0123456789")) < FEWEST_DIGITS:
        return text
    return text.replace(_NUMBER_RE, _placeholder)


def _name(greeting: re.Match[str]) -> tuple[int, int, str] | None:
    """Find the name in a greeting: it has a title or stands before a comma or line end, and is no "Team"."""
    if not (greeting["title"] or greeting["end"]):
        return None
    if _ADDRESSEE_RE.search(greeting["name"]):
        return None
    return (*greeting.span("name"), "somebody")


def _placeholder(found: re.Match[str]) -> str | None:
    """Choose the word for a number or code; None where it is a sum, a date, a unit or short."""
    if found.lastgroup == "keep":
        return None
    piece = found[0]
    figures = "".join(filter(str.isdigit, piece))
    if len(figures) < FEWEST_DIGITS or _is_sum(found, figures):
        return None
    if found.lastgroup == "iban" and len(figures) >= 10:
        return "iban"
    if found.lastgroup == "card" and _passes_luhn(figures):
        return "cardnumber"
    if found.lastgroup == "phone" and len(figures) >= 7:
        return "phonenumber"
    return "referencenumber" if _is_reference(piece, figures) else None


def _is_sum(found: re.Match[str], figures: str) -> bool:
    """Whether it is money: ``USD15000``, or a currency stands beside it."""
    text, start, end = found.string, *found.span()
    return bool(
        _SUM_BEFORE_RE.search(text, max(0, start - 10), start)
        or _SUM_AFTER_RE.match(text, end)
        or (found[0] != figures and _SUM_RE.fullmatch(found[0]))
    )


def _passes_luhn(figures: str) -> bool:
    return (sum(map(int, figures[-1::-2])) + sum(map(int, figures[-2::-2].translate(_DOUBLED)))) % 10 == 0


def _is_reference(piece: str, figures: str) -> bool:
    """Whether a token with digits is an order, case or account number."""
    bare = piece.lstrip("# ")
    if not (letters := _LETTERS_RE.findall(bare)):
        return (bare != piece and bare == figures) or _is_long_number(_SEPARATOR_RE.split(bare), "/" in bare)
    if set(letters) <= {"x", "X"} or _UNIT_RE.fullmatch(bare):  # a regulator's mask; 500mg
        return False
    return len(figures) >= (4 if bare.upper() == bare else 5) or _SHORT_CODE_RE.fullmatch(bare) is not None


def _is_long_number(groups: list[str], slashed: bool) -> bool:
    """Whether groups of digits are a number to look up: no round sum, no range such as 100-150 or 2023-24."""
    if len(groups) == 1 or slashed:
        return any(len(g) >= 5 and not g.endswith("000") for g in groups)
    if len(groups) > 2 or sum(map(len, groups)) < 6:
        return sum(map(len, groups)) >= 6
    low, high = (int("".join(filter(str.isdigit, g))[:9] or 0) for g in groups)  # a bracket may stand at a digit
    return not (low < high <= 20 * low or (len(groups[0]), len(groups[1])) == (4, 2))
