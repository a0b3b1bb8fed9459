"""Checks of single values as SQL of the engine, so that a million of them take a second."""

from collections.abc import Iterable
from functools import cache

MAILBOX = r'^[^@\s"<>(),:;\[\]\\]+@([\pL\pN]([\pL\pN-]*[\pL\pN])?\.)+\pL[\pL\pN-]*[\pL\pN]$'
LONGEST_ACCOUNT, LONGEST_LABEL = 64, 63
_USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_KINDS = (
    *("mobile", "fixed_line", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan"),
    "voicemail",
)


def quoted(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def email(value: str) -> str:
    parts = f"string_split({value}, '@')"
    # Counted beside the pattern: bounded repetitions make the engine's matcher slow.
    labels = f"list_max(list_transform(string_split({parts}[2], '.'), label -> length(label)))"
    counted = f"length({parts}[1]) <= {LONGEST_ACCOUNT} AND {labels} <= {LONGEST_LABEL}"
    short = f"length({value}) <= {LONGEST_LABEL} OR ({counted})"
    return f"(regexp_full_match({value}, {quoted(MAILBOX)}) AND NOT contains({value}, '..') AND ({short}))"


def calling_codes(starts: Iterable[str]) -> set[int]:
    """Of which countries numbers are. starts: the first three digits behind the plus."""
    import phonenumbers

    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return {int(start[:size]) for start in starts for size in (1, 2, 3) if start[:size].isdecimal()} & known.keys()


def phone(value: str, codes: Iterable[int]) -> str:
    """Whether a number as E.164 exists in its country's numbering plan. codes: those that occur."""
    cases = " ".join(
        f"WHEN starts_with({value}, '+{code}') THEN {_in_plan(f'substr({value}, {len(str(code)) + 2})', code)}"
        for code in sorted(codes)
    )
    return f"(CASE {cases} ELSE false END)" if cases else "false"


def _in_plan(national: str, code: int) -> str:
    # One pattern of all: the engine's matcher goes through a text once, whatever the number of alternatives.
    return f"regexp_full_match({national}, {quoted('|'.join(f'(?:{one})' for one in _plans(code)))})"


@cache
def _plans(code: int) -> tuple[str, ...]:
    """The patterns of national numbers, of all kinds and of all regions that share a calling code.

    Numbers that begin with an Italian zero keep it, as in E.164.
    """
    import phonenumbers

    found = set()
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]:
        plan = (
            phonenumbers.PhoneMetadata.metadata_for_nongeo_region(code, None)
            if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
            else phonenumbers.PhoneMetadata.metadata_for_region(region, None)
        )
        for kind in _KINDS:
            described = getattr(plan, kind, None)
            if described is not None and described.national_number_pattern:
                found.add("".join(described.national_number_pattern.split()))
    return tuple(sorted(found))


def uscc(value: str) -> str:
    """统一社会信用代码: 18 characters, the last by the weighted sum modulo 31 (GB 32100)."""
    letters = quoted(_USCC_LETTERS)
    total = " + ".join(
        f"(strpos({letters}, substr({value}, {place + 1}, 1)) - 1) * {weight}"
        for place, weight in enumerate(_USCC_WEIGHTS)
    )
    last = f"strpos({letters}, substr({value}, 18, 1)) - 1"
    return f"(regexp_full_match({value}, '[0-9A-HJ-NPQRTUWXY]{{18}}') AND (31 - ({total}) % 31) % 31 = {last})"


def id_number(value: str) -> str:
    """公民身份号码: 18 characters, a birthday that exists, the last by the weighted sum modulo 11 (GB 11643)."""
    total = " + ".join(
        f"try_cast(substr({value}, {place + 1}, 1) AS INTEGER) * {weight}" for place, weight in enumerate(_ID_WEIGHTS)
    )
    born = f"try_strptime(substr({value}, 7, 8), '%Y%m%d')"
    last = f"substr('10X98765432', ({total}) % 11 + 1, 1) = upper(substr({value}, 18, 1))"
    return f"(regexp_full_match({value}, '[1-9][0-9]{{16}}[0-9Xx]') AND {born} IS NOT NULL AND {last})"
