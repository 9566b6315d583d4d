"""The words of the starter model: palettes, drawings behind every word, and the synonyms captions choose from."""

SIZE = 256  # picture width and height, pixels
STYLES = {"flat": "avataaars", "toon": "toon-head", "ink": "open-peeps", "pixel": "pixel-art"}  # word -> DiceBear style
STYLE_WEIGHTS = {"flat": 0.43, "toon": 0.25, "ink": 0.18, "pixel": 0.14}
AGE_WEIGHTS = {"adult": 0.84, "old": 0.16}  # no younger ones, on purpose
FRAMINGS = ["portrait", "close-up", "half figure"]
FRAMING_WEIGHTS = [0.56, 0.2, 0.24]

# ---------------------------------------------------------------- colours
HAIR = {
    "black": "#231b1d", "brown": "#6d4027", "blonde": "#e6c46e", "red": "#b9301d", "orange": "#e27a30",
    "gray": "#a4a5aa", "white": "#efeae4", "pink": "#f087b2", "blue": "#3d6edb", "purple": "#7d49b8",
    "green": "#3c9f58",
}  # fmt: skip
HAIR_WEIGHTS = {
    "black": 0.12, "brown": 0.12, "blonde": 0.11, "red": 0.11, "orange": 0.08, "gray": 0.07, "white": 0.08,
    "pink": 0.08, "blue": 0.08, "purple": 0.08, "green": 0.07,
}  # fmt: skip
CLOTH = {
    "black": "#2b2d33", "white": "#f3f3f1", "gray": "#8f949b", "red": "#d8322d", "orange": "#f08a24",
    "yellow": "#f6d03c", "green": "#2f9f50", "teal": "#24a7a1", "blue": "#2f70e0", "navy": "#21325e",
    "purple": "#7c4cc5", "pink": "#f27fb0", "brown": "#7b5331",
}  # fmt: skip
BACKGROUND = {
    "white": "#f4f4f4", "gray": "#b9bdc4", "black": "#26272e", "red": "#e2574f", "orange": "#f6a55a",
    "yellow": "#f8dd72", "green": "#7cc98a", "teal": "#6fcac4", "blue": "#7fb2ee", "purple": "#ab8ae0",
    "pink": "#f5aecb",
}  # fmt: skip
SKIN = {"fair": "#ffdcbb", "tan": "#e2a877", "brown": "#a9683b", "dark": "#5f3e2d"}
SKIN_WEIGHTS = {"fair": 0.26, "tan": 0.25, "brown": 0.25, "dark": 0.24}
GLASSES_COLOR = {"black": "#25262b", "red": "#d3302c", "blue": "#2b62cc", "gold": "#d9a520"}

# ---------------------------------------------------------------- places
SCENES = [
    "plain", "studio", "beach", "city", "mountains", "forest", "night", "cafe", "library", "garden", "snow", "sunset",
    "space", "street", "kitchen", "office", "bedroom", "stage", "desert", "gym",
]  # fmt: skip
SCENE_WEIGHTS = [0.16, 0.06] + [0.78 / 18] * 18
OUTDOORS = ("beach", "city", "mountains", "forest", "garden", "snow", "street", "desert")  # have a time and a weather
TIME_WEIGHTS = {"day": 0.5, "evening": 0.25, "night": 0.25}
WEATHER_WEIGHTS = {"none": 0.61, "rain": 0.15, "fog": 0.12, "snowfall": 0.12}
PROP_WEIGHTS = {
    "none": 0.46, "coffee": 0.06, "phone": 0.06, "book": 0.06, "camera": 0.06, "headphones": 0.06, "flowers": 0.06,
    "laptop": 0.06, "cat": 0.06, "dog": 0.06,
}  # fmt: skip

# ---------------------------------------------------------------- hair, hats, clothes: word -> (length class, drawings)
FLAT_HAIR = {
    "long straight": ("long", ["straightAndStrand"]), "long wavy": ("long", ["bigHair"]),
    "long curly": ("long", ["curvy"]), "dreadlocks": ("long", ["dreads"]), "side-shaved": ("long", ["shavedSides"]),
    "bob": ("medium", ["bob"]), "shoulder-length": ("medium", ["longButNotTooLong"]), "curly": ("medium", ["curly"]),
    "afro": ("medium", ["fro", "froBand"]), "bun": ("up", ["bun"]), "mullet": ("medium", ["shaggyMullet"]),
    "shaggy": ("short", ["shaggy"]), "short": ("short", ["shortFlat"]), "short curly": ("short", ["shortCurly"]),
    "quiff": ("short", ["shortWaved"]), "buzz cut": ("short", ["theCaesar"]), "spiky": ("short", ["dreads02"]),
    "bald": ("bald", [None]), "balding": ("bald", ["sides"]), "updo": ("up", ["frida"]),
}  # fmt: skip
FLAT_HATS = {
    "hat": ["hat"], "hijab": ["hijab"], "turban": ["turban"], "winter hat": ["winterHat1"], "beanie": ["winterHat03"],
    "cat ear beanie": ["winterHat04"],
}  # fmt: skip
TOON_HAIR = {
    "long straight": ("long", [("sideComed", "longStraight")]), "long wavy": ("long", [("sideComed", "longWavy")]),
    "shoulder-length": ("medium", [("sideComed", "shoulderHigh")]), "bob": ("medium", [("sideComed", "neckHigh")]),
    "bun": ("up", [("bun", None)]), "short": ("short", [("sideComed", None)]), "spiky": ("short", [("spiky", None)]),
    "undercut": ("short", [("undercut", None)]),
}  # fmt: skip
INK_HAIR_BLACK = {
    "long straight": ("long", ["mediumStraight", "long"]), "long wavy": ("long", ["longBangs"]),
    "long curly": ("long", ["longCurly"]), "bob": ("medium", ["bangs2", "medium1"]),
    "shoulder-length": ("medium", ["medium2", "medium3", "mediumBangs", "mediumBangs3"]), "afro": ("medium", ["afro"]),
    "space buns": ("up", ["buns"]), "ponytail": ("up", ["cornrows2", "bun2"]), "curly": ("medium", ["dreads1"]),
    "flat top": ("short", ["flatTop"]), "short": ("short", ["short1", "short2", "short5"]),
    "quiff": ("short", ["pomp"]), "bald": ("bald", ["noHair1", "noHair2"]),
    "short curly": ("short", ["twists2", "dreads2"]),
}  # fmt: skip
INK_HAIR_COLOURED = {
    "shoulder-length": ("medium", ["bangs", "mediumBangs2"]), "bun": ("up", ["grayBun"]),
    "bob": ("medium", ["grayMedium"]), "short": ("short", ["grayShort"]), "quiff": ("short", ["short4"]),
    "mohawk": ("short", ["mohawk"]), "balding": ("bald", ["noHair3"]),
}  # fmt: skip
INK_HATS = {"beanie": ["hatBeanie"], "hat": ["hatHip"], "hijab": ["hijab"], "turban": ["turban"]}
PIXEL_HAIR = {
    "long straight": ("long", ["long07", "long09", "long12", "long13", "long01"]),
    "bob": ("medium", ["long04", "long16", "long17", "long20", "long21"]), "bun": ("up", ["long05"]),
    "pigtails": ("up", ["long14", "long18"]), "curly": ("medium", ["long15"]),
    "short": ("short", ["short02", "short04", "short09", "short14", "short15", "short17"]),
    "short curly": ("short", ["short11"]), "mohawk": ("short", ["short05", "short21"]),
    "balding": ("bald", ["short18"]), "flat top": ("short", ["short16", "short24"]),
}  # fmt: skip
PIXEL_HATS = {
    "cap": ["variant02", "variant07", "variant05"], "beanie": ["variant03", "variant04", "variant01"],
    "hat": ["variant06"],
}  # fmt: skip
HATS = {"flat": FLAT_HATS, "toon": {}, "ink": INK_HATS, "pixel": PIXEL_HATS}
HAT_WEIGHTS = {
    "flat": {"hat": 0.7, "hijab": 0.9, "turban": 0.5, "winter hat": 1, "beanie": 1, "cat ear beanie": 0.5},
    "toon": {},
    "ink": {"beanie": 1, "hat": 1, "hijab": 1, "turban": 0.6},
    "pixel": {"cap": 1.2, "beanie": 1, "hat": 0.7},
}
FEMININE = {
    "long straight": 4, "long wavy": 4, "long curly": 2, "dreadlocks": 0.7, "side-shaved": 1, "bob": 4,
    "shoulder-length": 3, "curly": 2, "afro": 2, "bun": 3, "mullet": 0.5, "shaggy": 0.5, "short": 0.8,
    "short curly": 0.5, "quiff": 0.3, "buzz cut": 0.3, "spiky": 0.5, "bald": 0.15, "balding": 0, "updo": 1,
    "undercut": 0.5, "space buns": 1, "ponytail": 2, "flat top": 0.1, "mohawk": 0.4, "pigtails": 2,
}  # fmt: skip
MASCULINE = {
    "long straight": 0.5, "long wavy": 0.3, "long curly": 0.3, "dreadlocks": 0.7, "side-shaved": 0.3, "bob": 0.2,
    "shoulder-length": 0.5, "curly": 0.5, "afro": 1, "bun": 0.4, "mullet": 1, "shaggy": 1.5, "short": 5,
    "short curly": 2, "quiff": 2.5, "buzz cut": 2, "spiky": 1.3, "bald": 1.2, "balding": 1, "updo": 0, "undercut": 2,
    "space buns": 0, "ponytail": 0.2, "flat top": 1.5, "mohawk": 1, "pigtails": 0,
}  # fmt: skip
FLAT_CLOTHES = {
    "blazer": "blazerAndShirt", "sweater": "collarAndSweater", "graphic t-shirt": "graphicShirt", "hoodie": "hoodie",
    "overalls": "overall", "t-shirt": "shirtCrewNeck", "scoop neck top": "shirtScoopNeck",
    "v-neck shirt": "shirtVNeck",
}  # fmt: skip
FLAT_CLOTHES_WEIGHTS = {
    "blazer": 2, "sweater": 2, "graphic t-shirt": 1.5, "hoodie": 2.4, "overalls": 1.6, "t-shirt": 2,
    "scoop neck top": 1.5, "v-neck shirt": 1.6,
}  # fmt: skip
TOON_CLOTHES = {
    "dress": "dress", "jacket": "openJacket", "collared shirt": "shirt", "t-shirt": "tShirt",
    "turtleneck": "turtleNeck",
}  # fmt: skip
EXPRESSION_WEIGHTS = {
    "flat": {
        "smiling": 0.24, "serious": 0.12, "sad": 0.09, "angry": 0.1, "surprised": 0.09, "winking": 0.08, "love": 0.07,
        "sleepy": 0.07, "tongue": 0.07, "crying": 0.07,
    },
    "toon": {
        "smiling": 0.42, "serious": 0.12, "sad": 0.1, "angry": 0.12, "surprised": 0.1, "winking": 0.08, "sleepy": 0.06,
    },
    "ink": {
        "smiling": 0.45, "serious": 0.15, "sad": 0.12, "angry": 0.12, "surprised": 0.09, "love": 0.05, "sleepy": 0.04,
    },
    "pixel": {"smiling": 0.6, "serious": 0.25, "surprised": 0.15},
}  # fmt: skip

# ---------------------------------------------------------------- caption words
# "word|" is a hair style that needs no "hair" after it; "word|c" takes its colour before the phrase.
# The characters are adults: no child-like word is ever used.
SYNONYMS = {
    "person": {
        "woman": ["woman", "woman", "woman", "lady", "young woman", "female character"],
        "man": ["man", "man", "man", "guy", "young man", "male character"],
        "person": ["person", "character", "avatar", "figure", "cartoon character"],
    },
    "style": {
        "flat": ["flat illustration", "flat illustration", "flat vector illustration", "vector art", "flat design",
                 "flat style", "flat vector art", "flat avatar"],
        "toon": ["cartoon portrait", "cartoon style", "storybook cartoon", "toon style", "soft cartoon",
                 "animated style", "anime style", "cartoon"],
        "ink": ["ink drawing", "comic style", "hand-drawn line art", "line art", "comic book style", "ink sketch",
                "doodle", "hand drawn"],
        "pixel": ["pixel art", "pixel art", "8-bit pixel art", "retro pixel art", "16-bit sprite",
                  "video game pixel style"],
    },
    "skin": {
        "fair": ["fair skin", "pale skin", "light skin"], "tan": ["tan skin", "olive skin", "tanned skin"],
        "brown": ["brown skin", "medium brown skin"], "dark": ["dark skin", "dark brown skin", "deep skin tone"],
    },
    "hair_color": {
        "black": ["black", "black", "dark", "raven"], "brown": ["brown", "brown", "brunette", "chestnut"],
        "blonde": ["blonde", "blonde", "blond", "golden"], "red": ["red", "red", "dark red", "auburn"],
        "orange": ["orange", "ginger", "copper"], "gray": ["gray", "grey", "silver"],
        "white": ["white", "snow white", "platinum"], "pink": ["pink"], "blue": ["blue"],
        "purple": ["purple", "violet"], "green": ["green"],
    },
    "color": {
        "black": ["black"], "white": ["white"], "gray": ["gray", "grey"], "red": ["red"], "orange": ["orange"],
        "yellow": ["yellow"], "green": ["green"], "teal": ["teal", "turquoise", "cyan"], "blue": ["blue"],
        "navy": ["navy", "dark blue", "navy blue"], "purple": ["purple", "violet"], "pink": ["pink"],
        "brown": ["brown"], "gold": ["gold", "golden"],
    },
    "glasses": {
        "round": ["round glasses", "round glasses", "circular glasses", "glasses"],
        "square": ["square glasses", "rectangular glasses", "glasses", "spectacles", "eyeglasses"],
        "sunglasses": ["sunglasses", "dark glasses", "shades"], "eyepatch": ["an eyepatch", "an eye patch"],
    },
    "facial_hair": {
        "beard": ["a beard", "a full beard", "a short beard", "bearded face"],
        "long beard": ["a long beard", "a big beard", "a bushy beard"], "moustache": ["a moustache", "a mustache"],
    },
    "expression": {
        "smiling": ["smiling", "smiling", "happy", "with a smile", "cheerful", "happy smile", "joyful",
                    "friendly smile"],
        "serious": ["serious", "neutral expression", "serious expression", "calm", "confident"],
        "sad": ["sad", "sad face", "unhappy", "worried"], "angry": ["angry", "angry face", "mad", "furious"],
        "surprised": ["surprised", "shocked", "amazed", "surprised face"], "winking": ["winking", "with a wink"],
        "love": ["in love", "heart eyes", "with heart eyes"],
        "sleepy": ["eyes closed", "sleepy", "with closed eyes", "relaxed, eyes closed"],
        "tongue": ["tongue out", "sticking tongue out", "silly face"], "crying": ["crying", "with tears", "tearful"],
    },
    "hair_style": {
        "long straight": ["long", "long straight", "long", "straight long"],
        "long wavy": ["long wavy", "long", "wavy", "long flowing"], "long curly": ["long curly", "long", "curly long"],
        "dreadlocks": ["long dreadlocks|", "dreadlocks|", "dreads|"],
        "side-shaved": ["side-shaved long", "long side-shaved", "long"],
        "bob": ["bob cut|", "bob|", "chin-length", "short bob|"],
        "shoulder-length": ["shoulder-length", "medium length", "shoulder length"],
        "curly": ["curly", "curly", "big curly"], "afro": ["afro|", "afro", "afro|"],
        "bun": ["bun|", "hair in a bun|c", "top knot|", "bun|"], "mullet": ["mullet|", "shaggy mullet|"],
        "shaggy": ["shaggy", "messy", "tousled"], "short": ["short", "short", "short straight"],
        "short curly": ["short curly", "curly short"], "quiff": ["quiff|", "short wavy", "slicked up", "short"],
        "buzz cut": ["buzz cut|", "very short", "cropped", "buzzed"], "spiky": ["spiky", "spiky", "wild spiky"],
        "undercut": ["undercut|", "undercut"], "space buns": ["space buns|", "buns|"],
        "ponytail": ["ponytail|", "hair in a ponytail|c"], "flat top": ["flat top|", "flat top"],
        "mohawk": ["mohawk|", "mohawk|"], "pigtails": ["pigtails|", "pigtails|"], "updo": ["updo|", "braided updo|"],
        "balding": ["balding", "thinning"],
    },
    "clothing": {
        "blazer": ["blazer", "blazer", "suit jacket", "suit"], "sweater": ["sweater", "sweater", "jumper", "pullover"],
        "graphic t-shirt": ["graphic t-shirt", "graphic tee", "printed t-shirt"],
        "hoodie": ["hoodie", "hoodie", "hooded sweatshirt"], "overalls": ["overalls", "dungarees"],
        "t-shirt": ["t-shirt", "shirt", "tee", "top"], "scoop neck top": ["scoop neck top", "top", "low neck top"],
        "v-neck shirt": ["v-neck", "v-neck shirt", "v-neck top"], "dress": ["dress", "sleeveless dress"],
        "jacket": ["jacket", "open jacket", "cardigan"],
        "collared shirt": ["collared shirt", "sweater with shirt collar", "button-up shirt"],
        "turtleneck": ["turtleneck", "turtleneck sweater", "polo neck"],
    },
    "headwear": {
        "hat": ["hat", "wide-brimmed hat", "brim hat"], "hijab": ["hijab", "headscarf"], "turban": ["turban"],
        "winter hat": ["winter hat", "warm winter hat", "knit winter hat"],
        "beanie": ["beanie", "knit beanie", "knit cap"],
        "cat ear beanie": ["cat ear beanie", "hat with cat ears", "cat ears hat"], "headband": ["headband"],
        "flower crown": ["flower crown", "crown of flowers", "flowers in hair"], "cap": ["cap", "baseball cap"],
    },
    "scene": {
        "beach": ["at the beach", "on the beach", "beach background", "beach", "tropical beach with palm tree",
                  "by the sea"],
        "city": ["in the city", "city skyline", "city background", "in front of skyscrapers", "urban background",
                 "city buildings"],
        "mountains": ["in the mountains", "mountain background", "mountains", "snowy mountain peaks behind",
                      "mountain landscape"],
        "forest": ["in the forest", "in a forest", "forest background", "in the woods", "pine trees",
                   "in a park with trees"],
        "night": ["at night", "night sky", "under the stars", "starry night background", "night sky with moon",
                  "moonlit night"],
        "cafe": ["in a cafe", "at a cafe", "coffee shop background", "cozy room with window", "indoors",
                 "in a cozy cafe"],
        "library": ["in a library", "library background", "in front of a bookshelf", "bookshelf background",
                    "surrounded by books", "bookshelves"],
        "garden": ["in a garden", "flower garden", "garden background", "in a field of flowers",
                   "among flower beds"],
        "snow": ["in the snow", "snowy background", "winter scene", "snowy forest", "winter snow"],
        "sunset": ["at sunset", "sunset background", "sunset over the sea", "evening sky", "golden sunset"],
        "space": ["in space", "outer space", "space background", "planets and stars", "galaxy background"],
        "street": ["in the street", "on a street with shops", "street background", "night market", "at the market",
                   "shopping street"],
        "kitchen": ["in the kitchen", "in a kitchen", "kitchen background", "cooking at home"],
        "office": ["in the office", "at the office", "office background", "at work", "in a modern office"],
        "bedroom": ["in the bedroom", "at home in the bedroom", "bedroom background", "in bed room", "at home"],
        "stage": ["on stage", "on a stage", "stage lights", "at a concert", "concert stage"],
        "desert": ["in the desert", "in a desert", "desert background", "desert with cactus", "sand dunes"],
        "gym": ["at the gym", "in the gym", "gym background", "in a fitness studio", "working out"],
    },
    "time": {
        "day": ["by day", "in daylight", "sunny day", "daytime", "midday", "bright day"],
        "evening": ["in the evening", "at golden hour", "golden hour", "evening light", "at dusk",
                    "warm evening light"],
        "night": ["at night", "by night", "late at night", "night time", "after dark"],
    },
    "weather": {
        "rain": ["in the rain", "rainy day", "raining", "rainy", "heavy rain"],
        "fog": ["in the fog", "foggy", "misty", "in the mist", "fog"],
        "snowfall": ["in falling snow", "snowing", "snowfall", "snowflakes", "snowflakes in the air"],
    },
    "prop": {
        "coffee": ["holding a cup of coffee", "with a coffee", "with a coffee cup", "drinking coffee", "with a mug"],
        "phone": ["holding a phone", "with a phone", "with a smartphone", "taking a selfie with a phone"],
        "book": ["reading a book", "with a book", "holding a book", "with an open book"],
        "camera": ["holding a camera", "with a camera", "taking a photo with a camera", "with a photo camera"],
        "headphones": ["wearing headphones", "with headphones", "listening to music", "headphones"],
        "flowers": ["holding flowers", "with a bouquet of flowers", "with flowers in hand", "with a bouquet"],
        "laptop": ["with a laptop", "working on a laptop", "at a laptop", "typing on a laptop"],
        "cat": ["with a cat", "holding a cat", "with a pet cat", "with a kitten"],
        "dog": ["with a dog", "holding a dog", "with a pet dog", "with a puppy"],
    },
    "framing": {
        "portrait": ["portrait", "head and shoulders", "bust", "portrait shot"],
        "close-up": ["close-up", "close-up of the face", "close up", "face close-up", "headshot close-up"],
        "half figure": ["half figure", "half body", "upper body", "waist up", "medium shot"],
    },
    "age": {
        "adult": ["young adult", "young", "in the thirties"],
        "old": ["elderly", "old", "senior", "aged"],
    },
}  # fmt: skip
LEADS = [
    "portrait of {p}", "a portrait of {p}", "{p}", "{p}", "picture of {p}", "avatar of {p}", "illustration of {p}",
    "a drawing of {p}", "profile picture of {p}", "image of {p}", "a character, {p}",
]  # fmt: skip
NEUTRAL = [
    "high quality", "detailed", "best quality", "masterpiece", "clean lines", "beautiful", "cute", "colorful",
    "digital art", "looking at viewer", "centered", "sharp", "highly detailed", "simple", "studio quality",
    "artstation", "character design", "4k", "virtual character",
]  # fmt: skip
NEGATIVE = [
    "blurry", "low quality", "bad anatomy", "deformed", "watermark", "text", "ugly", "worst quality", "extra fingers",
    "jpeg artifacts", "signature", "out of frame", "distorted", "noise", "lowres", "disfigured", "nsfw", "duplicate",
]  # fmt: skip

# ---------------------------------------------------------------- what the classifier and the text heads must tell
HEADS = {
    "style": list(STYLES),
    "skin": list(SKIN),
    "hair_color": ["none", *HAIR],
    "hair_length": ["long", "medium", "up", "short", "bald", "covered"],
    "glasses": ["none", "round", "square", "sunglasses", "eyepatch"],
    "facial_hair": ["none", "beard", "long beard", "moustache"],
    "headwear": ["none", *SYNONYMS["headwear"]],
    "clothing": list(SYNONYMS["clothing"]),
    "clothing_color": list(CLOTH),
    "expression": list(SYNONYMS["expression"]),
    "scene": SCENES,
    "bg_color": ["none", *BACKGROUND],
    "time": ["none", *TIME_WEIGHTS],
    "weather": list(WEATHER_WEIGHTS),
    "prop": list(PROP_WEIGHTS),
    "framing": FRAMINGS,
    "age": list(AGE_WEIGHTS),
}
