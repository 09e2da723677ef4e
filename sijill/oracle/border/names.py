"""What tells two people of one name apart from one person of two spellings: the skeleton.

Written from the reference on matching, sections 2.1 and 2.3. Only whether two skeletons are equal
matters, and only where many people carry one identifier.
"""

import re
import unicodedata
from functools import lru_cache

# U+0621 is dropped, the others become the letter below them.
_TWINS = str.maketrans("کیىہۀھۃأإآٱٲٳؤئ", "كييهههةااااااوي", "ء")
_LETTERS = _TWINS | {base + n: str(n) for base in (0x0660, 0x06F0) for n in range(10)}
_LATIN = str.maketrans({"ş": "sh", "ç": "ch", "ğ": "gh", "ı": "i", "ß": "ss"})
_DROPPED = re.compile("[\u064b-\u065f\u0670\u06d6-\u06ed\u0640\u200c\u200d]")
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bb-\u02bf\u02b9\u00b4]")

_TITLES = set("السيد السيده الشيخ الحاج الحاجه د م dr mr".split())
_CHILD_OF = set("بن ابن بنت bin ibn bint".split())
_BEFORE = set("عبد عبدال ابو ام ذو abd abdul abdel abdal abu um umm".split())
_AFTER = set("الدين الله الهدي aldin aldeen".split())
_NO_ARTICLE = set("الهام الياس الحان الماس الفت".split())

_CLASSES = "bبپp tتطث dدذضظ jجچ hحه xخ zزژ sسص Sش gغگ kقكqc fفڤv lلڵ mم nن rرڕ"
_CLASS = {letter: group[0] for group in _CLASSES.split() for letter in group}
_PAIRS = "shS khx ghg tht dhd zhz djj chj phf"


@lru_cache(1 << 16)
def skeleton(name: str) -> str:
    """Return the consonant classes of a name's words, "" when it holds no letter or digit."""
    return " ".join(map(_consonants, _compounds(_words(name))))


def _words(name: str) -> list[str]:
    text = unicodedata.normalize("NFKC", re.sub("[\ufe70-\ufe7f]", "", name))
    # Bidirectional marks go first: Sorani writes its open vowel as heh and ZWNJ, side by side.
    text = re.sub("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]", "", text)
    text = _DROPPED.sub("", text.replace("ه\u200c", "ە")).casefold().translate(_LATIN)
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    text = _APOSTROPHES.sub("", text if text.isascii() else unicodedata.normalize("NFC", bare))
    text = re.sub(r"[\W_]+", " ", text)
    words = [word.translate(_LETTERS) for word in text.split() if word != "آل"]
    return [word[:-1] + "ه" if word.endswith("ة") else word for word in words if word]


def _compounds(words: list[str]) -> list[str]:
    """Join what belongs together: article, servant of, father of, … of the religion."""
    joined: list[str] = []
    article = ""
    for word in words:
        if word in ("ال", "al", "el"):
            article = word
        else:
            joined.append(article + word)
            article = ""
    while len(joined) > 1 and joined[0] in _TITLES:
        joined.pop(0)
    names: list[str] = []
    waiting = ""
    for place, word in enumerate(joined):
        last = place == len(joined) - 1
        if word in _CHILD_OF and not waiting and not last:
            continue
        if word in _BEFORE and not last:
            waiting += word
        elif word in _AFTER and names and not waiting:
            names[-1] += word
        else:
            names.append(waiting + word)
            waiting = ""
    return names


def _consonants(word: str) -> str:
    bare = word if word in _NO_ARTICLE else re.sub("^(ال(?=...)|[ae]l(?=[^aeiouwy]...))", "", word)
    text = re.sub("^(عبدال(?=..)|abd[aeiu]?l(?=...))", "bd", bare)
    if text.isascii():
        for pair in _PAIRS.split():
            text = text.replace(pair[:2], pair[2])
    classes = ""
    for found in (_CLASS.get(letter, "") for letter in text):
        classes += "" if classes.endswith(found) else found
    return classes.removesuffix("h") or classes or bare
