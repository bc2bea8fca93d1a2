"""Penn Treebank tokens as coco-caption uses them, in Python: lower-case, without punctuation.

coco-caption, and so every table that cites it, cuts captions with a Java program and then drops a list of punctuation
tokens. These rules were written from how that program behaves (CoreNLP 3.4.1 with the options that pycocoevalcap
gives it) and are measured against it; docs/metrics.md has the shares that differ. The longest match wins, of two the
rule that stands first.

Two of its habits matter for scores and are kept: brackets stay, as `-lrb-` and the like, because the list of
punctuation names them in capitals; and so do runs such as `!!` and `?!`, which the list does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

_PLAIN = re.compile(r"(?:[a-zA-Z]+(?:-[a-zA-Z]+)*(?: ,|,)?\s+)*(?:([a-zA-Z]{2,}(?:-[a-zA-Z]+)*)[.!?;:]?|[.!?;:])?\s*")
_WORDS = re.compile(r"[a-z]+(?:-[a-z]+)*")

_PARTS = {
    "cannot": ("can", "not"),
    "gonna": ("gon", "na"),
    "gotta": ("got", "ta"),
    "wanna": ("wan", "na"),
    "lemme": ("lem", "me"),
    "gimme": ("gim", "me"),
    "'tis": ("'t", "is"),
    "'twas": ("'t", "was"),
}
_CUT = frozenset(word for word in _PARTS if word.isalpha())

_INSTEAD = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_SYMBOLS = {
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "£": "#",
    "€": "$",
    "¢": "cents",
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
}
_DROPPED = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])


def ptb_tokens(text: str) -> list[str]:
    """The tokens of one text."""
    plain = _PLAIN.fullmatch(text)
    if plain and (plain[1] is None or plain[1].lower() not in _PERIOD_LOWER):
        tokens = _WORDS.findall(text.lower())
        if _CUT.isdisjoint(tokens):
            return tokens
    return [token for token in _lexed(text) if token not in _DROPPED]


def _lexed(text: str) -> Iterator[str]:
    """All tokens, punctuation included, where the quick way does not do."""
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("\x92", "'")
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        best, longest = text[at], 0
        for rule in _RULES:
            found = rule.match(text, at)
            if found and found.end() - at > longest:
                longest = found.end() - at
                best = found[1] if rule.groups else found[0]
        at += len(best)
        yield from _as_printed(best)


def _as_printed(token: str) -> Iterator[str]:
    lower = token.lower()
    if lower in _PARTS:
        yield from _PARTS[lower]
    elif lower in _SYMBOLS:
        yield _SYMBOLS[lower]
    elif re.fullmatch(r"[-\u2013\u2014]{2,4}|[\u2013\u2014]", token):
        yield "--"
    elif re.fullmatch(r"\.{3,}|(?:\. ){2,}\.|\u2026", token):
        yield "..."
    elif token[0] in "(){}[]" or _SMILEY.fullmatch(token):
        yield "".join(_INSTEAD.get(character, character) for character in lower)
    elif token in '"\u201c\u201d\u2018':
        yield "''"
    else:
        yield from lower.split()


def _abbreviations() -> tuple[list[str], list[str], list[str], list[str]]:
    """Words that keep their period (in any case, as they are written, before a number); words that begin sentences."""
    lines = (files(__package__) / "abbreviations.txt").read_text(encoding="utf-8").splitlines()
    kept = [line.split() for line in lines if line and not line.startswith("#")]
    return kept[0], kept[1], kept[2], kept[3]


_ANY_CASE, _AS_WRITTEN, _BEFORE_NUMBER, _BEGINNINGS = _abbreviations()
_PERIOD_LOWER = frozenset(word.lower() for word in (*_ANY_CASE, *_AS_WRITTEN))

_L = r"[^\W\d_]"
_ONE_OF = "|".join
_SMILEY = re.compile(r"[<>]?[:;=][-o*']?[()DPdp\]\[|@{](?![A-Za-z])|\^_\^")
_RULES = [
    re.compile(rule, flags)
    for rule, flags in (
        # markup, addresses and handles
        (r"</?[A-Za-z!?][^>\r\n]*>", 0),
        (r"&(?:amp|lt|gt);", re.IGNORECASE),
        (r"(?:https?://|www\.)[^\s\"<>|(){}]+[^\s\"<>|.!?(){},-]", 0),
        (r"(?:[^\W_]+\.)+(?:com|net|org|edu)(?:/[^\s\"<>|.!?(){},]+)?(?!\w)", 0),
        (r"[A-Za-z0-9][^\s\"<>|()\u00A0]*@(?:[^\s\"<>|().\u00A0]+\.)*[^\s\"<>|().,;:!?\u00A0]+", 0),
        (r"[@#][A-Za-z_]\w*", 0),
        # words
        (rf"(?:cannot|gonna|gotta|wanna|lemme|gimme|'tis|'twas)(?!{_L})", re.IGNORECASE),
        (rf"({_L}*[A-MO-Za-mo-z])n't(?!{_L})", re.IGNORECASE),
        (rf"n't(?!{_L})|'(?:[smd]|re|ve|ll)(?!{_L})", re.IGNORECASE),
        (rf"{_L}(?:{_L}|\d)*(?:[.!?]{_L}(?:{_L}|\d)*)*", 0),
        (rf"\d+(?:{_L}|\d)+", 0),
        (r"[A-Za-z0-9][A-Za-z0-9.,]*(?:-[A-Za-z0-9]+)+", 0),
        (rf"{_L}+(?:-{_L}+)+", 0),
        (r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)+", 0),
        (r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\?/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}", 0),
        (r"[A-Z]+(?:[&+][A-Z]+)+|[A-Za-z]\+\+|[CcFf]#(?!\w)", 0),
        # apostrophes inside words
        (rf"[dDoOlL]'{_L}+|[A-HJ-XZn]'{_L}{{2,}}|[A-Za-z]+[aeiouyAEIOUY]'[aeiouA-Z]{_L}*", 0),
        (rf"'n'|'n(?!{_L})|'em|'cause|'till?|'[2-9]0s|ol'|(?:y'|j')(?={_L})|c'mon|s'mores|ma'am", re.IGNORECASE),
        # numbers
        (r"[-+]?(?:\d*(?:[.,:]\d+)+|\d+)", 0),
        (r"(?:\d{1,4}[- ])?\d{1,4}\\?/\d{1,4}", 0),
        (r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}", 0),
        (r"[A-Z]*\$", 0),
        # words with their period
        (r"[A-Za-z](?:\.[A-Za-z])+\.", 0),
        (rf"[A-Za-z]\.(?!\s+(?=[A-Z])(?i:{_ONE_OF(_BEGINNINGS)})\s)", 0),
        (rf"(?:{_ONE_OF(map(re.escape, _ANY_CASE))})\.", re.IGNORECASE),
        (rf"(?:{_ONE_OF(map(re.escape, _AS_WRITTEN))})\.", 0),
        (rf"((?:{_ONE_OF(_BEFORE_NUMBER)})\.)\s+\d", re.IGNORECASE),
        (r"((?:[^\W_]|-)*[^\W_]\.)[,;:]", 0),
        # punctuation
        (r"\.{3,}|(?:\. ){2,}\.|\u2026|-{2,}|[\u2013\u2014]+|[!?]+|''|``|_+|\*+|#+", 0),
        (_SMILEY.pattern, 0),
    )
]
