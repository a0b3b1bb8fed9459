"""How a field's value is read aloud: in the database, which makes the pieces of it, and here, where hits are checked.

Both read by the same table (`core.text.pinyin`), which stands in the function as what it knows of each character.
"""

import json
import re
from collections.abc import Iterator
from importlib.resources import files

from zhike.core.text import pinyin, spoken
from zhike.core.text.characters import simplified

READ = 100  # characters, from the beginning
_NO_WORD = re.compile("[^a-z0-9]+")


def readings_of(folded: str) -> list[str]:
    """Syllables and words with blanks between, also as of a person whose surname it begins with: 曾国强 as "ceng guo
    qiang" and "zeng guo qiang". Empty where no character is read. folded: by `grams.fold`.
    """
    start = folded[:READ]
    if start.isascii():
        return []
    read = _NO_WORD.sub(" ", pinyin.reading(start, pinyin.ORGANISATION)).strip()
    size, surname = pinyin.surname_of(start)
    words = read.split()
    return list(dict.fromkeys([read, " ".join([surname, *words[size:]])])) if surname else [read]


def pattern_of(word: str) -> str:
    """`spoken.is_read_as` as a regular expression for the database, which follows all its ways at once."""
    return ("(^|\n)" if len(word) <= spoken.FEW else "(^|[ \n])") + "([a-z0-9]* )?".join(word)


def _known() -> Iterator[tuple[str, str]]:
    """Characters and phrases with their readings; after a character that phrases begin with, their lengths, the longest
    first: zhong#4,2. After ^ surnames that are read otherwise."""
    lengths: dict[str, set[int]] = {}
    phrases, characters = {}, {}
    for line in files("zhike.core.text").joinpath("readings.txt").read_text(encoding="utf-8").splitlines():
        left, _tab, right = line.partition("\t")
        if left.isascii():
            characters.update(dict.fromkeys((one for one in right if simplified(one) == one), left))
        elif simplified(left) == left:
            phrases[left] = right
            lengths.setdefault(left[0], set()).add(len(left))
    for name, heard in pinyin.list_surnames():
        if simplified(name) == name:
            yield f"^{name}", heard
    for one, heard in characters.items():
        sizes = ",".join(map(str, sorted(lengths.get(one, ()), reverse=True)))
        yield one, f"{heard}#{sizes}" if sizes else heard
    yield from phrases.items()


def create() -> str:
    """SQL of the functions. The reading: syllables with blanks between, their first letters in a second line.

    Two more where it begins with a surname that is read otherwise.
    """
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
        size integer := 2;
        surname text := public.zhike_heard('^' || left(plain, 2));
        words text[];
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
        told := btrim(regexp_replace(told, '[^a-z0-9]+', ' ', 'g'));
        short := regexp_replace(short, '[^a-z0-9]+', '', 'g');
        size := 2;
        IF surname IS NULL THEN
            surname := public.zhike_heard('^' || left(plain, 1));
            size := 1;
        END IF;
        IF surname IS NOT NULL THEN
            phrase := left(surname, 1) || CASE size WHEN 2 THEN left(split_part(surname, ' ', 2), 1) ELSE '' END;
            words := string_to_array(told, ' ');
            surname := concat_ws(' ', surname, nullif(array_to_string(words[size + 1:], ' '), ''));
            surname := CASE WHEN surname <> told THEN surname || E'\\n' || phrase || substr(short, size + 1) END;
        END IF;
        RETURN concat_ws(E'\\n', told, short, surname);
    END $$;
"""
