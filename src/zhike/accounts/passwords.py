"""How strong a password has to be, and what people are told who choose a weaker one.

The estimate is zxcvbn's: how many guesses a clever guesser needs who tries leaked passwords, names, words, dates and
keyboard patterns first. It looks up the 30,000 most frequent leaked passwords; Django's list of 20,000 is looked up
beside it. Both lists come with their packages, so nothing is asked over the network, and nothing newer is known.
"""

import re
import threading
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from zxcvbn import zxcvbn

from zhike.accounts.models import User
from zhike.core.text.pinyin import PERSON, reading

SAFE = 3  # of 0 to 4: more than 10 ** 8 guesses
LOOKED_AT = 72  # more does not make the estimate better, only slower
# zxcvbn knows English habits; these are what Chinese lists of leaked passwords are full of, and our own name.
HABITS = [
    *("woaini", "aini", "iloveyou", "5201314", "1314520", "520", "1314", "521", "588", "5211314", "woaiwojia"),
    *("qingai", "baobao", "baobei", "laopo", "laogong", "mima", "denglu", "nihao", "gongsi", "kehu", "guanli"),
    *("guanliyuan", "yonghu", "xiaoshou", "zhongguo", "beijing", "shanghai", "guangzhou", "shenzhen", "tianxia"),
    *("zhike", "知客", "crm", "密码", "我爱你", "中国", "公司", "管理员"),
]
ADVICE: dict[str, str | Promise] = {
    "Straight rows of keys are easy to guess.": _("Rows of keys such as “qwertyuiop” are guessed first."),
    "Short keyboard patterns are easy to guess.": _("Patterns on the keyboard are guessed first."),
    'Repeats like "aaa" are easy to guess.': _("Repeats such as “aaa” add nothing."),
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': _("Repeats such as “aaa” add nothing."),
    'Sequences like "abc" or "6543" are easy to guess.': _("Sequences such as “abc” or “6543” are guessed first."),
    "Recent years are easy to guess.": _("Years and dates are guessed first, birthdays above all."),
    "Dates are often easy to guess.": _("Years and dates are guessed first, birthdays above all."),
    "This is a top-10 common password.": _("This is one of the ten passwords that are tried first."),
    "This is a top-100 common password.": _("This is one of the hundred passwords that are tried first."),
    "This is a very common password.": _("This password stands on the lists that guessers use."),
    "This is similar to a commonly used password.": _("This is too like a password that stands on guessers' lists."),
    "A word by itself is easy to guess.": _("One word alone is easy to guess."),
    "Names and surnames by themselves are easy to guess.": _("Names are easy to guess, in pinyin too."),
    "Common names and surnames are easy to guess.": _("Names are easy to guess, in pinyin too."),
    "Capitalization doesn't help very much.": _("A capital letter at the start does not help."),
    "All-uppercase is almost as easy to guess as all-lowercase.": _("Capital letters alone do not help."),
    "Reversed words aren't much harder to guess.": _("Words written backwards do not help."),
    "Predictable substitutions like '@' instead of 'a' don't help very much.": _(
        "“@” instead of “a” and the like do not help."
    ),
}
BETTER = _("Take four words that have nothing to do with each other or with you, or a line only you would think of.")

# The estimate keeps what it is told about a person in a table of the module.
_one_at_a_time = threading.Lock()


class StrengthValidator:
    """Refuses what a clever guesser finds in fewer than about a hundred million guesses, and says why."""

    def validate(self, password: str, user: User | None = None) -> None:
        with _one_at_a_time:
            estimate: dict[str, Any] = zxcvbn(password[:LOOKED_AT], user_inputs=[*HABITS, *_words_about(user)])
        if estimate["score"] >= SAFE:
            return
        said = [estimate["feedback"]["warning"], *estimate["feedback"]["suggestions"]]
        reasons = list(dict.fromkeys(str(ADVICE[line]) for line in said if line in ADVICE))
        raise ValidationError([*(reasons or [str(_("This password is easy to guess."))]), str(BETTER)])

    def get_help_text(self) -> str:
        return str(BETTER)


def _words_about(user: User | None) -> list[str]:
    """What somebody who knows the person would try, the name in pinyin included."""
    if user is None:
        return []
    pinyin = reading(user.name, PERSON).split()
    given_first = "".join([*pinyin[1:], *pinyin[:1]])
    words = [user.username, user.name, "".join(pinyin), given_first, *pinyin, *re.split(r"[@.\-_]", user.email)]
    return [word for word in dict.fromkeys(words) if len(word) > 1]
