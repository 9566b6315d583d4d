"""What makes words suggestive or mature, and what says that somebody is a minor. Data, for people to read and to mend.

`rating.py` applies it. Phrases are in small letters; a plain plural is found too, and `*` stands for any ending.
Phrases of plain letters are also found in disguise: spaced out, with digits for letters, with accents, with letters of
another alphabet, stretched or broken in two. Phrases with accents or in other scripts are found as they are written.
"""

# Taken out before anything is looked for: what only sounds like one of the words below.
INNOCENT = (
    "baby blue", "baby pink", "baby yellow", "baby hair", "baby breath", "babys breath", "baby grand",
    "baby shower", "baby bump", "baby spinach", "baby carrot", "baby yoda", "baby animal*", "kid glove",
    "kid leather", "kid goat", "goat kid", "childs pose", "child pose", "child free", "childfree", "inner child",
    "no children", "no child", "no kids", "no minors", "without children", "child of the 80s", "child of the 90s",
    "teen spirit", "teen titans", "kindergarten teacher", "school teacher", "high school teacher",
    "primary school teacher", "baby sitter", "naked eye", "naked mole rat", "naked cake", "naked oat",
    "naked flame", "nude lip*", "nude makeup", "nude make up", "nude heel", "nude shoe", "nude pump", "nude nail",
    "nude tone", "nude colo*", "nude palette", "nude shade", "nude eyeshadow", "chicken breast", "turkey breast",
    "duck breast", "breast pocket", "breast cancer", "breast stroke", "cigarette butt", "butt joint",
    "water butt", "comic strip", "film strip", "same sex", "sex pistols", "weather cock", "cock crow*",
    "pussy cat", "pussy willow", "blue tit", "coal tit", "long tailed tit", "cum laude", "sperm whale",
    "bottomless brunch", "thong sandal", "sports bra", "rape field", "bikini bottom*", "bikini atoll",
    "pirate booty", "underwear drawer", "torture test", "anal retentive", "sexy beast film", "gore tex",
    "al gore",
)  # fmt: skip

SUGGESTIVE = (
    "sexy", "sexier", "sexiest", "sexual*", "sex appeal", "seduc*", "sensual*", "sultry", "provocative pose",
    "provocatively", "bedroom eyes", "come hither", "lustful*", "lusting", "lust", "kinky", "fetish*",
    "dominatrix", "lingerie", "underwear", "undergarment", "panties", "panty", "panty shot", "pantyshot", "thong",
    "gstring", "g string bikini", "wearing a g string", "bra", "bralette", "negligee", "nightie", "babydoll",
    "baby doll", "garter belt", "thigh high", "thighhigh", "fishnet*", "bikini", "microbikini", "monokini",
    "bunny suit", "playboy", "pin up girl", "pin up model", "pin up pose", "pinup", "boudoir", "seethrough",
    "see through dress", "see through top", "see through shirt", "see through blouse", "see through clothes",
    "see through clothing", "see through fabric", "see through skirt", "see through lace",
    "see through nightgown", "sheer dress", "sheer blouse", "sheer top", "wet t shirt", "wet tshirt", "wet shirt",
    "cleavage", "low cut top", "low cut dress", "low cut blouse", "underboob", "under boob", "sideboob",
    "side boob", "boob", "breasts", "breast", "busty", "bosom", "butt", "buttock", "booty", "crotch", "camel toe",
    "cameltoe", "upskirt", "up skirt", "micro skirt", "microskirt", "very short skirt", "skimpy", "scantily",
    "revealing outfit", "revealing dress", "revealing clothes", "revealing clothing", "revealing top",
    "barely clothed", "barely dressed", "bare thigh", "bare bottom", "half dressed", "undress*", "unclothed",
    "stripping", "stripper", "striptease", "strip tease", "strip club", "pole dancing", "pole dancer",
    "lap dance", "twerk*", "ecchi", "lewd*", "fan service", "fanservice", "hot girl", "hot woman", "hot babe",
    "hot body", "hot chick", "nip slip", "french kiss*", "making out session", "onlyfans", "sugar baby",
    "sugar daddy", "thirst trap", "horny",
)  # fmt: skip

MATURE = (
    "nude", "nudes", "nudity", "nudist", "naked", "nakedness", "topless", "bottomless", "bare breasted",
    "bare breasts", "exposed breasts", "no clothes", "no clothing", "without clothes", "without clothing",
    "without any clothes", "wearing nothing", "clothes off", "stripped naked", "full frontal", "in the nude",
    "nsfw", "r18", "rule34", "rule 34", "uncensored", "sexually explicit", "sex", "sex scene", "having sex",
    "intercourse", "erotic*", "porn*", "xxx", "hentai", "ahegao", "penis", "penises", "vagina*", "vulva",
    "clitor*", "testicle", "genital*", "nipple", "areola*", "anus", "anal", "pubic", "erection", "cock", "pussy",
    "tits", "titties", "ass", "asses", "cum", "cumshot", "semen", "sperm", "ejaculat*", "orgasm*", "masturbat*",
    "blowjob", "blow job", "handjob", "hand job", "fellatio", "cunnilingus", "deepthroat", "creampie", "gangbang",
    "orgy", "threesome", "bukkake", "doggystyle", "doggy style", "spread legs", "spreading legs", "legs spread",
    "bdsm", "bondage", "dildo", "vibrator", "milf", "fuck*", "slut*", "whore", "rape", "raped", "rapist",
    "raping", "molest*", "incest*", "deflower*",
)  # fmt: skip

# Mature without being sexual.
VIOLENT = (
    "gore", "gory", "dismember*", "decapitat*", "behead*", "mutilat*", "disembowel*", "eviscerat*",
    "severed head", "severed limb", "severed arm", "severed leg", "entrails", "torture", "tortured", "torturing",
    "snuff film",
)  # fmt: skip

MINOR = (
    "child", "children", "childs", "childlike", "child like", "childish", "kid", "kiddo", "kiddie", "toddler",
    "infant", "newborn", "baby", "babies", "preteen", "pre teen", "tween", "tweenage*", "teen", "teenage*",
    "teenaged", "adolescent", "juvenile", "underage*", "under age", "under aged", "under 18", "under eighteen",
    "below 18", "younger than 18", "not yet 18", "not 18 yet", "minors", "minor girl", "minor boy", "legal minor",
    "prepubescent", "pre pubescent", "pubescent", "prepubertal", "schoolgirl", "schoolboy", "schoolchild",
    "schoolchildren", "schoolkid", "school girl", "school boy", "school child", "school children", "school kid",
    "school uniform", "high school", "highschool", "high schooler", "highschooler", "middle school",
    "middle schooler", "junior high", "elementary school", "primary school", "grade school", "grade schooler",
    "kindergarten*", "preschool*", "daycare", "girl scout", "boy scout", "lolita", "shota", "sweet sixteen",
    "first grader", "second grader", "third grader", "fourth grader", "fifth grader", "sixth grader",
    "seventh grader", "eighth grader", "ninth grader", "tenth grader", "little sister", "little brother",
    "little daughter", "young daughter", "young son", "half grown", "not of age", "too young", "very young",
    "youngster",
)  # fmt: skip

# A person of one list beside a word of the other: "little girl", "a very small boy".
YOUNG = (
    "little", "small", "young", "younger", "tiny", "smol", "immature", "wee",
)  # fmt: skip
PERSON = (
    "girl", "boy", "girls", "boys", "lad", "lass", "lassie", "girly",
)  # fmt: skip

# Refused whatever stands beside it: words that mean a minor and mean it sexually.
NEVER = (
    "loli", "lolis", "lolicon", "shotacon", "jailbait", "jail bait", "barely legal", "pedo", "pedophil*",
    "paedophil*", "pedobear", "child porn*", "kiddie porn", "child erotica", "csam", "cunny", "underage sex",
    "teen porn*", "toddlercon",
)  # fmt: skip

# Somebody younger than this is a minor. Ages are found as numbers and as words.
ADULT = 18
NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
)  # fmt: skip
# "12 year old whisky" is nobody.
THINGS = (
    "whisky", "whiskey", "scotch", "bourbon", "wine", "rum", "brandy", "cognac", "cheese", "building", "oak", "tree",
    "bridge", "church", "castle", "tradition",
)  # fmt: skip

# What a negative prompt says by keeping it out, when a phrase between commas is just that.
NEGATIVE_MATURE = (
    "clothes", "clothing", "clothed", "dressed", "fully clothed", "censored", "censor", "censorship",
    "mosaic censoring", "censor bar", "sfw", "safe for work", "underwear", "bra", "panties",
)  # fmt: skip
NEGATIVE_MINOR = (
    "adult", "adults", "adult woman", "adult man", "adult female", "adult male", "grown up", "grownup",
    "grown woman", "grown man", "over 18", "of age",
)  # fmt: skip

# The commonest words of other languages. Those that are harmless words in English stay out: "barn", "kind", "naga".
OTHERS = {
    "Spanish": {
        "minor": (
            "niña", "niñas", "niño", "niños", "niñita", "nenita", "colegiala", "menor de edad", "menores de edad",
            "adolescente", "chiquilla", "bebé",
        ),
        "suggestive": (
            "lencería", "lenceria", "ropa interior", "tanga", "provocativa", "sensuales", "escote", "braguitas",
        ),
        "mature": ("desnuda", "desnudas", "desnudo", "desnudos", "sin ropa", "pechos", "tetas", "coño", "sexo"),
    },
    "Portuguese": {
        "minor": ("criança", "crianças", "crianca", "menina", "menininha", "menino", "menor de idade"),
        "suggestive": ("calcinha", "roupa íntima", "decote", "biquíni", "biquini", "seios"),
        "mature": ("pelada", "peladas", "sem roupa", "nua", "buceta"),
    },
    "French": {
        "minor": (
            "fillette", "petite fille", "jeune fille", "gamine", "gamin", "écolière", "ecoliere", "lycéenne",
            "lyceenne", "collégienne", "mineure", "mineurs", "enfant", "enfants", "petit garçon",
        ),
        "suggestive": ("sous vêtements", "sous vetements", "soutien gorge", "sensuelle", "décolleté", "nuisette"),
        "mature": ("nue", "nues", "toute nue", "seins nus", "déshabillée", "sexe"),
    },
    "German": {
        "minor": (
            "kleines mädchen", "kleines maedchen", "junges mädchen", "schulmädchen", "schulmaedchen",
            "schulkinder", "kindlich", "minderjährig", "minderjährige", "minderjährigen", "minderjaehrig",
            "schülerin", "schuelerin", "jugendliche", "kleinkind",
        ),
        "suggestive": ("unterwäsche", "unterwaesche", "dessous", "aufreizend", "höschen", "busen", "brüste"),
        "mature": ("nackt", "nackte", "nackten", "nacktes", "unbekleidet", "entblößt", "ohne kleidung"),
    },
    "Italian": {
        "minor": (
            "bambina", "bambine", "bambino", "bambini", "ragazzina", "ragazzino", "minorenne", "minorenni",
            "scolaretta",
        ),
        "suggestive": ("biancheria intima", "mutandine", "reggiseno", "scollatura", "seducente"),
        "mature": ("nuda", "nudo", "nude", "senza vestiti", "tette"),
    },
    "Dutch and Nordic": {
        "minor": (
            "meisje", "meisjes", "klein meisje", "minderjarig*", "schoolmeisje", "kinderen", "liten flicka",
            "liten jente", "lille pige", "skolflicka", "mindreårig", "mindreårige", "småbarn",
        ),
        "suggestive": ("ondergoed", "underkläder", "undertøj", "undertøy", "trosor"),
        "mature": ("naakt", "naakte", "naken", "nakna", "nøgen", "nakent"),
    },
    "Polish": {
        "minor": (
            "dziewczynka", "dziewczynki", "dziecko", "dzieci", "nieletnia", "nieletni", "uczennica", "nastolatka",
        ),
        "suggestive": ("bielizna", "bieliźnie", "bieliznie", "majtki", "stanik"),
        "mature": ("nago", "goła", "rozebrana"),
    },
    "Turkish": {
        "minor": ("çocuk", "kız çocuğu", "küçük kız", "liseli"),
        "suggestive": ("iç çamaşırı", "sütyen"),
        "mature": ("çıplak", "ciplak"),
    },
    "Russian": {
        "minor": (
            "девочка", "девочки", "девочку", "мальчик", "ребенок", "ребёнок", "дети", "школьница", "школьницы",
            "школьник", "несовершеннолетняя", "несовершеннолетний", "подросток", "лоли",
        ),
        "suggestive": (
            "бикини", "нижнее белье", "нижнем белье", "трусики", "сексуальная", "соблазнительная", "эротично",
        ),
        "mature": (
            "голая", "голый", "голые", "обнаженная", "обнажённая", "обнаженный", "без одежды", "порно", "секс",
        ),
    },
    "Arabic": {
        "minor": ("طفلة", "طفل", "أطفال", "قاصر", "فتاة صغيرة"),
        "suggestive": ("ملابس داخلية", "مثيرة", "بيكيني"),
        "mature": ("عارية", "عاري", "بدون ملابس"),
    },
}  # fmt: skip

# Scripts without spaces between words, or with signs that are no letters: found anywhere.
UNSPACED = {
    "minor": (
        "幼女", "少女", "ロリ", "小学生", "中学生", "高校生", "女子高生", "女子中学生", "子供", "こども", "幼児",
        "ショタ", "赤ちゃん", "小女孩", "小男孩", "萝莉", "蘿莉", "女童", "儿童", "兒童", "孩子", "未成年",
        "初中生", "高中生", "소녀", "어린이", "미성년", "여고생", "여중생", "초등학생", "로리", "बच्ची", "बच्चा",
        "बच्चे", "नाबालिग", "छोटी लड़की",
    ),
    "suggestive": (
        "下着", "水着姿", "セクシー", "ビキニ", "内衣", "內衣", "性感", "比基尼", "속옷", "비키니", "섹시",
        "अंतर्वस्त्र", "बिकिनी", "कामुक",
    ),
    "mature": (
        "裸", "ヌード", "全裸", "エロ", "裸体", "裸體", "色情", "알몸", "누드", "나체", "야한", "नंगी", "नंगा",
        "नग्न",
    ),
}  # fmt: skip
