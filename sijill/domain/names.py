"""Personal names in Arabic, Kurdish and Latin letters: the match form and the skeleton.

Neither ever decides that two people are one. The match form removes what carries no meaning
(marks, look-alike code points, titles); the skeleton keeps consonant classes only, so that one
name written in two scripts mostly gives one key. The raw string is kept elsewhere.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_ISOLATED_MARKS = re.compile("[\ufe70-\ufe7f]")
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670\u06d6-\u06ed\u0640\u200c\u200d]")
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bb-\u02bf\u02b9\u02bc\u00b4]")
_NOT_A_NAME = re.compile(r"[^\w]+|_+")

_TWINS = str.maketrans(
    {
        "ک": "ك",
        "ی": "ي",
        "ى": "ي",
        "ہ": "ه",
        "ۀ": "ه",
        "ھ": "ه",
        "ۃ": "ة",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ٲ": "ا",
        "ٳ": "ا",
        "ؤ": "و",
        "ئ": "ي",
        "ء": None,
    }
    | {chr(0x0660 + digit): str(digit) for digit in range(10)}
    | {chr(0x06F0 + digit): str(digit) for digit in range(10)}
)
_TURKISH = str.maketrans({"ş": "sh", "ç": "ch", "ğ": "gh", "ı": "i", "ß": "ss"})

_TITLES: Final = frozenset({"السيد", "السيده", "الشيخ", "الحاج", "الحاجه", "د", "م", "dr", "mr"})
_SON_OF: Final = frozenset({"بن", "ابن", "بنت", "bin", "ibn", "bint"})
_JOINS_NEXT: Final = frozenset(
    {"عبد", "عبدال", "ابو", "ام", "ذو"} | {"abd", "abdul", "abdel", "abdal", "abu", "um", "umm"}
)
_JOINS_PREVIOUS: Final = frozenset({"الدين", "الله", "الزهراء", "الهدي", "aldin", "aldeen"})
_ARTICLES: Final = frozenset({"ال", "al", "el"})


@lru_cache(maxsize=1 << 17)
def normalise(text: str) -> str:
    """Return the match form of a name or of a chain of names, tokens parted by one space.

    The result is empty when the text holds no letter or digit. Repeating it changes nothing.
    """
    text = unicodedata.normalize("NFKC", _ISOLATED_MARKS.sub("", text))
    text = _INVISIBLE.sub("", text)
    # Sorani writes its open vowel as heh + ZWNJ: fold it before the ZWNJ is dropped.
    text = text.replace("\u0647\u200c", "\u06d5")
    text = _ARABIC_MARKS.sub("", text).casefold().translate(_TURKISH)
    text = _APOSTROPHES.sub("", _without_latin_marks(text))
    # The clan word آل and the article ال part here, before their alefs become one letter.
    words = [word for word in _NOT_A_NAME.sub(" ", text).split() if word != "آل"]
    tokens = [token for word in words if (token := _fold(word))]
    return " ".join(_joined(_without_titles(_with_article(tokens))))


def _without_latin_marks(text: str) -> str:
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    kept = [part for part in parts if not "\u0300" <= part <= "\u036f"]
    return unicodedata.normalize("NFC", "".join(kept))


def _fold(word: str) -> str:
    folded = word.translate(_TWINS)
    return folded[:-1] + "ه" if folded.endswith("ة") else folded


def _with_article(tokens: list[str]) -> list[str]:
    """Join an article that stands alone to the token after it; drop it at the end."""
    joined: list[str] = []
    article = ""
    for token in tokens:
        if token in _ARTICLES:
            article = token
            continue
        joined.append(article + token)
        article = ""
    return joined


def _without_titles(tokens: list[str]) -> list[str]:
    """Drop titles in front; a title that is the whole name is a name."""
    first = 0
    while first < len(tokens) - 1 and tokens[first] in _TITLES:
        first += 1
    return tokens[first:]


def _joined(tokens: list[str]) -> list[str]:
    """Join compounds (عبد + الله, نور + الدين) and drop the words for son and daughter of."""
    joined: list[str] = []
    waiting = ""
    for place, token in enumerate(tokens):
        last = place == len(tokens) - 1
        if token in _SON_OF and not waiting and not last:
            continue
        if token in _JOINS_NEXT and not last:
            waiting += token
        elif token in _JOINS_PREVIOUS and joined and not waiting:
            joined[-1] += token
        else:
            joined.append(waiting + token)
            waiting = ""
    return joined


_CLASSES: Final[dict[str, str]] = {
    letter: group[0]
    for group in (
        "bبپp",
        "tتطث",
        "dدذضظ",
        "jجچ",
        "hحه",
        "xخ",
        "zزژ",
        "sسص",
        "Sش",
        "gغگ",
        "kقكqc",
        "fفڤv",
        "lلڵ",
        "mم",
        "nن",
        "rرڕ",
    )
    for letter in group
}
_DIGRAPHS: Final = (
    ("sh", "S"),
    ("kh", "x"),
    ("gh", "g"),
    ("th", "t"),
    ("dh", "d"),
    ("zh", "z"),
    ("dj", "j"),
    ("ch", "j"),
    ("ph", "f"),
)
_SERVANT_OF = re.compile("^(?:عبدال(?=..)|abd[aeiu]?l(?=...))")
_ARTICLE = re.compile("^(?:ال(?=...)|[ae]l(?=[^aeiouwy]...))")
# Names whose first letters look like the article once their hamza is folded away.
_NO_ARTICLE: Final = frozenset({"الهام", "الياس", "الحان", "الماس", "الفت"})


@lru_cache(maxsize=1 << 17)
def skeleton(token: str) -> str:
    """Return the consonant classes of one name (a chain gives its tokens' skeletons, spaced).

    A name without any consonant gives its match form, so that only an empty name gives "".
    """
    return " ".join(_skeleton(part) for part in normalise(token).split())


def _skeleton(part: str) -> str:
    if part not in _NO_ARTICLE:
        part = _ARTICLE.sub("", part)
    reduced = _SERVANT_OF.sub("bd", part)
    if reduced.isascii():
        for pair, single in _DIGRAPHS:
            reduced = reduced.replace(pair, single)
    classes = ""
    for letter in reduced:
        found = _CLASSES.get(letter, "")
        if found and not classes.endswith(found):
            classes += found
    return (classes.removesuffix("h") or classes) or part
