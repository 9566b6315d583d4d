"""Captions composed from a character's attributes: synonyms, random order, and attributes left out now and then."""

from .vocabulary import LEADS, NEGATIVE, NEUTRAL, SYNONYMS


def article(words):
    """`words` with "a" or "an" before it."""
    return ("an " if words[0] in "aeiou8" else "a ") + words


def background_phrase(a, r, full=False):
    """Words for a plain or studio background of the attribute dict `a`; `full` always names the colour."""
    c = r.choice(SYNONYMS["color"][a["bg_color"]])
    if full:
        return f"plain {c} background" if a["scene"] == "plain" else f"{c} studio backdrop"
    if a["scene"] == "plain":
        phrases = ["plain {} background", "{} background", "solid {} background", "simple {} background"]
        return r.choice([*phrases, "on a {} background", "plain background"]).format(c)
    phrases = ["{} studio backdrop", "{} gradient background", "soft {} gradient background", "studio background, {}"]
    return r.choice([*phrases, "studio backdrop", "gradient background"]).format(c)


def hair_phrase(a, r, full=False):
    """Words for the hair of the attribute dict `a`, or None where a hat covers it."""
    style = a["hair_style"]
    if style == "covered":
        return None
    if style == "bald":
        return r.choice(["bald", "bald head", "no hair", "shaved head"])
    words = SYNONYMS["hair_style"][style]
    word, color = r.choice(words[:2] if full else words), r.choice(SYNONYMS["hair_color"][a["hair_color"]])
    q = 0 if full else r.random()
    if "|" not in word:
        if q < 0.08 and not full:
            return f"{color} hair"
        if q > 0.9:
            return f"{word} hair"
        return f"{word} {color} hair" if r.random() < 0.8 else f"{color} {word} hair"
    word, flag = word.split("|")
    if q < 0.12 and not full:
        return f"{color} hair"
    if flag == "c":
        return f"{color} {word}" if q < 0.85 else word
    plural = word.endswith("s")
    if q > 0.88:
        return word if plural else article(word)
    phrase = f"{color} {word}"
    if plural or r.random() < 0.4:
        return phrase
    if r.random() < 0.6:
        return article(phrase)
    return phrase + (" hairstyle" if r.random() < 0.4 else "")


def _clothes(a, r, full):
    color, word = r.choice(SYNONYMS["color"][a["clothing_color"]]), _pick(a, r, "clothing", full)
    q = 0 if full else r.random()
    phrase = f"{color} {word}" if q < 0.84 else word if q < 0.92 else f"{color} clothes"
    bare = word in ("overalls", "dungarees") or phrase.endswith("clothes") or r.random() < 0.45
    return phrase if bare else article(phrase)


def _hat(a, r, full):
    word, color = _pick(a, r, "headwear", full), a["headwear_color"]
    if color and (full or r.random() < 0.85):
        word = r.choice(SYNONYMS["color"][color]) + " " + word
    return word if "flowers in" in word or r.random() < 0.45 else article(word)


def _glasses(a, r, full):
    word, color = _pick(a, r, "glasses", full), a["glasses_color"]
    if color and r.random() < (0.12 if color == "black" else 0.5) and not word.startswith("an "):
        word = r.choice(SYNONYMS["color"][color]) + " " + word
    return word


def _pick(a, r, key, full):
    return r.choice(SYNONYMS[key][a[key]][: 2 if full else None])


def _sentence(r, noun, feats, wear, expression, rest, scene, style, extra):
    lead = r.choice(LEADS)
    if style and r.random() < 0.25:
        lead, style = ("hand drawn {p}" if style.startswith("hand drawn") else f"{style} of {{p}}"), None
    text, tail = lead.format(p=article(noun) if r.random() < 0.85 else noun), []
    if feats:
        n = r.randint(1, len(feats))
        joined = ", ".join(feats[:n])
        if n > 1 and r.random() < 0.5:
            joined = ", ".join(feats[: n - 1]) + " and " + feats[n - 1]
        text += " with " + joined
        tail += feats[n:]
    if wear:
        verb = r.choice(["wearing ", "in ", "wearing ", "dressed in "]) if r.random() < 0.55 else ""
        tail.append(verb + " and ".join(wear))
    tail += ([expression] if expression else []) + rest
    if r.random() < 0.35:
        r.shuffle(tail)
    tail += [x for x in (scene, style) if x] + extra
    if r.random() < 0.2:
        r.shuffle(tail)
    if tail and r.random() < 0.3 and tail[0].startswith(("wearing", "in ", "at ", "dressed")):
        text += " " + tail.pop(0)
    return ", ".join([text, *tail])


def _tags(r, noun, feats, wear, expression, rest, scene, style, extra):
    tags = [noun, *feats, *wear, *rest, *[x for x in (expression, scene, style) if x], *extra]
    first, others = tags[:1], tags[1:]
    if r.random() < 0.6:
        r.shuffle(others)
        return ", ".join(first + others)
    r.shuffle(tags)
    return ", ".join(tags)


def caption(a, r, keep=None, full=False):
    """One caption of the attribute dict `a` with the `random.Random` r.

    keep: the chance that an attribute is named (drawn from 0.45..1 where None).
    full: name every attribute, with its two commonest words only; the prompts of the evaluation.
    One caption in ten is empty or made of negative words, so that both mean "unconditional" to the model.
    """
    if not full and r.random() < 0.10:
        return "" if r.random() < 0.7 else ", ".join(r.sample(NEGATIVE, r.randint(2, 7)))
    p = 1.0 if full else (keep or r.uniform(0.45, 1.0))
    named = lambda weight=1.0: full or r.random() < p * weight
    noun = _pick(a, r, "person", full) if named(1.2) else r.choice(["character", "person", "avatar", "portrait"])
    expression = _pick(a, r, "expression", full) if named() else None
    if expression and " " not in expression and r.random() < 0.45:
        noun, expression = f"{expression} {noun}", None
    feats, rest, wear = [], [], []
    hair = hair_phrase(a, r, full) if named(1.15) else None
    if hair:
        feats.append(hair)
    if r.random() < (0.6 if full else p * 0.45):
        feats.append(_pick(a, r, "skin", full))
    if a["glasses"] != "none":
        if named(1.15):
            feats.append(_glasses(a, r, full))
    elif not full and r.random() < 0.07:
        rest.append(r.choice(["no glasses", "without glasses"]))
    if a["facial_hair"] != "none":
        if named(1.15):
            feats.append(_pick(a, r, "facial_hair", full))
    elif a["person"] == "man" and r.random() < 0.06:
        rest.append("clean-shaven")
    if named(1.1):
        wear.append(_clothes(a, r, full))
    if a["headwear"] != "none" and named(1.2):
        wear.append(_hat(a, r, full))
    scene = style = None
    if named(1.1):
        scene = background_phrase(a, r, full) if a["scene"] in ("plain", "studio") else _pick(a, r, "scene", full)
    if named(1.1):
        style = _pick(a, r, "style", full)
    if a["age"] == "old" and named(1.1) or not full and r.random() < 0.08:
        noun = f"{_pick(a, r, 'age', full)} {noun.replace('young ', '')}"
    held = _pick(a, r, "prop", full) if a["prop"] != "none" and named(1.2) else None
    framing = _pick(a, r, "framing", full) if (a["framing"] != "portrait" and named(1.2)) or named(0.35) else None
    if a["time"] not in ("none", "day") and named(1.2) or a["time"] == "day" and (full or r.random() < 0.3):
        time = _pick(a, r, "time", full)
        scene = f"{scene}{r.choice([' ', ' ', ', '])}{time}" if scene else time
    if a["weather"] != "none" and named(1.2):
        rest.append(_pick(a, r, "weather", full))
    if held:
        rest.append(held)
    if framing:
        rest.append(framing)
    extra = r.sample(NEUTRAL, r.randint(1, 3)) if not full and r.random() < 0.22 else []
    r.shuffle(feats)
    write = _sentence if r.random() < 0.62 else _tags
    text = write(r, noun, feats, wear, expression, rest, scene, style, extra)
    if not full and r.random() < 0.04:  # an unknown name does no harm
        name = "".join(r.choice("abcdefghijklmnoprstuvwyz") for _ in range(r.randint(3, 7)))
        text = f"{r.choice(['', 'named '])}{name}, {text}"
    return text.capitalize() if not full and r.random() < 0.06 else text
