"""Words that the demo company's customers are named with; the commoner a word, the earlier it stands."""

from zhike.demo.words import rows, words

# The hundred commonest surnames with their share of the population in tenths of a per mille.
SURNAMES = tuple((name, int(share)) for name, share in rows("surnames"))

# Given names by the decade of birth: those born before 1975, 1975 to 1989, 1990 and later.
WOMEN_CHARACTERS = (
    "英兰秀珍桂玉芳凤梅红丽霞琴云萍华燕敏娟",
    "丽静敏艳娟霞燕婷芳雪慧莉玲娜倩颖洁琳薇",
    "欣怡婷雨梓涵思佳琪诗悦雅嘉萱颖彤可馨瑶若",
)
MEN_CHARACTERS = (
    "建国明军华平志强文德福林海生荣成伟民忠贵",
    "伟强磊勇军杰涛超明刚斌鹏辉波俊峰宇健凯",
    "浩宇轩子豪俊杰涵博文昊天泽睿晨皓宸铭航逸",
)
WOMEN_PAIRS = (
    "秀英 桂兰 玉兰 淑珍 秀兰 凤英 桂英 玉梅 秀珍 丽华 玉珍 建华 爱华 美玲",
    "晓燕 海燕 丽娜 晓丽 雪梅 艳红 婷婷 春燕 晓敏 丽萍 文静 佳丽 晓红 静怡",
    "雨欣 梓涵 欣怡 思雨 佳怡 诗涵 雨桐 可馨 嘉怡 梦瑶 思琪 雅婷 若曦 紫萱",
)
MEN_PAIRS = (
    "建国 建华 国强 志强 建军 国庆 德明 文华 玉明 海林 志明 永强 卫东 建平",
    "志伟 晓东 海波 志勇 俊杰 建伟 文斌 晓明 海涛 国栋 志鹏 永刚 家伟 少华",
    "子轩 浩然 俊豪 宇轩 梓豪 博文 子涵 天宇 浩宇 皓轩 泽宇 一鸣 嘉豪 明轩",
)
PAIR_SHARE = 0.35
SINGLE_SHARE = (0.30, 0.36, 0.14)  # one-character given names, by generation

# The names of firms: brand, trade, form.
BRANDS = words("brands")
TRADES = tuple((name, int(share)) for name, share in rows("trades"))
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "（普通合伙）", "集团有限公司")
FORM_WEIGHTS = (82, 8, 4, 3, 3)

PHONE_PREFIXES = words("phone_prefixes")
MAIL_DOMAINS = ("qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "outlook.com", "139.com", "gmail.com")
MAIL_WEIGHTS = (44, 24, 9, 6, 6, 5, 4, 2)

# Characters that a second registration of the same person often gets instead.
LOOK_OR_SOUND_ALIKES = {
    "王": "汪", "张": "章", "李": "黎", "陈": "程", "刘": "柳", "杨": "扬", "吴": "伍", "徐": "许", "丽": "莉",
    "静": "婧", "敏": "闽", "燕": "艳", "伟": "炜", "磊": "雷", "涵": "晗", "欣": "昕", "怡": "仪", "宇": "羽",
    "轩": "萱", "婷": "亭", "明": "铭", "强": "墙", "英": "瑛", "雨": "语", "佳": "嘉", "浩": "皓", "梓": "子",
}  # fmt: skip
