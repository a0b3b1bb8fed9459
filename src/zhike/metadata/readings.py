"""How a field's value is read aloud: in the database, which makes the pieces of it, and here, where hits are checked.

Both read by the same table (`core.text.pinyin`), which stands in the function as what it knows of each character.
"""

import json
import re
from bisect import bisect
from collections.abc import Iterator
from importlib.resources import files

from zhike.core.text import pinyin
from zhike.core.text.characters import simplified

READ = 100  # characters, from the beginning
FEW = 2  # letters
_NO_WORD = re.compile("[^a-z0-9]+")


def reading_of(folded: str) -> str:
    """Syllables and words with blanks between; empty where no character is read. folded: by `grams.fold`."""
    start = folded[:READ]
    return "" if start.isascii() else _NO_WORD.sub(" ", pinyin.reading(start, pinyin.ORGANISATION)).strip()


def pattern_of(word: str) -> str:
    """`is_read_as` as a regular expression for the database, which follows all its ways at once."""
    return ("^" if len(word) == FEW else "(^| )") + "([a-z0-9]* )?".join(word)


def is_read_as(reading: str, word: str) -> bool:
    """Whether syllables in a row are what was typed: whole, begun, or by their first letters; in any mixture. Two
    letters only begin a reading. word: small letters.
    """
    starts = [0, *(at + 1 for at, one in enumerate(reading) if one == " ")]
    reached = {at for at in (starts[:1] if len(word) == FEW else starts) if reading[at : at + 1] == word[0]}
    for letter in word[1:]:
        following = {at + 1 for at in reached} | {starts[bisect(starts, at)] for at in reached if at < starts[-1]}
        reached = {at for at in following if reading[at : at + 1] == letter}
    return bool(reached)


def _known() -> Iterator[tuple[str, str]]:
    """Characters and phrases with their readings; after a character that phrases begin with, their lengths, the longest
    first: zhong#4,2."""
    lengths: dict[str, set[int]] = {}
    phrases, characters = {}, {}
    for line in files("zhike.core.text").joinpath("readings.txt").read_text(encoding="utf-8").splitlines():
        left, _tab, right = line.partition("\t")
        if left.isascii():
            characters.update(dict.fromkeys((one for one in right if simplified(one) == one), left))
        elif simplified(left) == left:
            phrases[left] = right
            lengths.setdefault(left[0], set()).add(len(left))
    for one, heard in characters.items():
        sizes = ",".join(map(str, sorted(lengths.get(one, ()), reverse=True)))
        yield one, f"{heard}#{sizes}" if sizes else heard
    yield from phrases.items()


def create() -> str:
    """SQL of the functions. The reading: syllables with blanks between, their first letters in a second line."""
    table = json.dumps(dict(_known()), ensure_ascii=False, separators=(",", ":"))
    return f"""
CREATE OR REPLACE FUNCTION zhike_heard(one text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5 AS $$
    BEGIN
        RETURN '{table}'::jsonb ->> one;
    END $$;
CREATE OR REPLACE FUNCTION zhike_reading(folded text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    DECLARE
        plain CONSTANT text := left(folded, {READ});
        chars CONSTANT text[] := string_to_array(plain, NULL);
        place integer := 1;
        told text := '';
        short text := '';
        heard text;
        phrase text;
        size integer;
    BEGIN
        IF octet_length(plain) = length(plain) THEN
            RETURN '';
        END IF;
        WHILE place <= cardinality(chars) LOOP
            IF ascii(chars[place]) < 128 THEN
                told := told || chars[place];
                short := short || chars[place];
                place := place + 1;
                CONTINUE;
            END IF;
            heard := public.zhike_heard(chars[place]);
            phrase := NULL;
            IF position('#' IN heard) > 0 THEN
                FOREACH size IN ARRAY string_to_array(split_part(heard, '#', 2), ',')::integer[] LOOP
                    phrase := public.zhike_heard(array_to_string(chars[place:place + size - 1], ''));
                    IF phrase IS NOT NULL AND place + size - 1 <= cardinality(chars) THEN
                        place := place + size - 1;
                        EXIT;
                    END IF;
                    phrase := NULL;
                END LOOP;
                heard := coalesce(phrase, split_part(heard, '#', 1));
            END IF;
            told := told || ' ' || coalesce(heard, '') || ' ';
            short := short || CASE WHEN phrase IS NULL THEN coalesce(left(heard, 1), '')
                ELSE regexp_replace(phrase, '(\\S)\\S* ?', '\\1', 'g') END;
            place := place + 1;
        END LOOP;
        RETURN btrim(regexp_replace(told, '[^a-z0-9]+', ' ', 'g'))
            || E'\\n' || regexp_replace(short, '[^a-z0-9]+', '', 'g');
    END $$;
"""
