"""How a voice colours a sentence: words before and after it, by style, tone and traits, or from day, place and topic.

A sentence that names nothing of the character's own hardly ever stands bare, so that two characters, or one character
in two captions, do not say the same sentence. Slots are filled by the caller.
"""

import random
import re
from dataclasses import dataclass

_LEADS = {
    "friendly": "You know,|Between friends,|Just so you know,|I have to say,|Let me tell you:|Hey,"
    "|Friends,|Small update:",
    "playful": "Plot twist:|Fun fact:|Psst:|Ta-da:|Guess what:|Spoiler:|Ready or not,|Tiny secret:",
    "witty": "For the record,|Sources confirm:|In other news,|Footnote:|Not to brag, but"
    "|According to nobody,|Breaking:",
    "warm": "With a full heart,|Dear you,|Gently said,|From me to you:|My dears,|Softly but surely,|For all of you:",
    "direct": "Simply put,|Fact:|Short version:|Bottom line:|No detours:|Plainly,|Straight up,|One thing:",
    "poetic": "Softly,|Like a held note,|Slowly,|Between two breaths,|Under all of it,|As if whispered,|Once again,",
    "storytelling": "Chapter one:|Picture this:|So it goes:|As the story has it,|Meanwhile,"
    "|The scene is set:|Turn the page:",
    "teaching": "Note this:|A small lesson:|Remember:|Step one:|Here is the thing:|In practice,"
    "|Rule of thumb:|Worth knowing:",
    "formal": "Indeed,|If I may,|It should be said:|On reflection,|For completeness,"
    "|Permit me a remark:|By all accounts,",
    "mysterious": "Between the lines,|Unofficially,|Some of you know:|A hint:|Whisper it:"
    "|Off the record,|Look closely:",
    "enthusiastic": "Oh wow,|People,|Yes, yes,|Seriously,|I have to shout it:|Okay, okay:|Listen,|Can you tell:",
    "laid-back": "Eh,|Anyway,|No rush, but|So yeah,|Low effort, but|Easy now,|Whatever happens,|Just saying,",
    "upbeat": "Good news:|Bright side:|Sunny side up:",
    "calm": "Quietly,|Without hurry,|One breath in,",
    "inspiring": "Believe me,|Step by step,|Hear me out:",
    "thoughtful": "Looking closer,|I keep noticing it:|On second thought,",
    "cosy": "In blanket terms,|Slippers on,|Kettle first, then this:",
    "bold": "Loud and clear:|No excuses:|Watch me:",
    "dreamy": "Half awake,|In a daydream,|With my head in the clouds,",
    "ironic": "Shockingly,|Brace yourselves:|Against all odds,",
    "nostalgic": "As ever,|Like in the old days,|For old times’ sake,",
    "informative": "In brief,|To be precise,|For reference:",
    "E+": "Everyone,|Hello, you lot:|Come closer:", "E-": "Quietly said,|To myself:|In a low voice,",
    "H+": "Joking aside,|No joke:|With a straight face,", "P+": "In summary,|To be clear,|Professionally speaking,",
    "A+": "Honestly,|Truth be told,|No filter:", "C+": "In colour:|In my sketchbook it says:|Seen sideways,",
    "P-": "Real talk:|Not gonna lie,|Okay so,",
    "": "On a {weekday} like this,|This {season},|In {season},|With {topic} on my mind,"
    "|Somewhere between {topic} and {interest},"
    "|When I am not thinking about {topic},|Apart from {topic},|{Weekday} thought:|{Season} note:|{City} calling:"
    "|As a friend of {interest},|In {my_outfit},|{Where},|Between {topic} and the rest of my day,|{Interest} aside,",
}  # fmt: skip
_TAILS = {
    "friendly": ", and I wanted you to know|, my friends|, and you are part of it|, so there you go|, promise",
    "playful": ", no takebacks|, wink included|, catch me if you can|, game on|, cross my heart",
    "witty": ", allegedly|, peer review pending|, and I have the receipts|, according to my own research|, case closed",
    "warm": ", with love|, and there is room for you|, and I send you some of it|, dear hearts|, hand on heart",
    "direct": ", full stop|, period|, no discussion|, plain and simple|, end of list",
    "poetic": ", like a door left open|, the way dusk does it|, as water knows"
    "|, half song, half silence|, and the air agrees",
    "storytelling": ", so the story goes|, or so I tell it|, and that is only page one"
    "|, as all good tales begin|, curtain up",
    "teaching": ", which is the whole trick|, as a rule|, and that is worth a note"
    "|, in my experience|, for the notebook",
    "formal": ", if I may say so|, as one might expect|, in my considered view|, with all due care|, naturally",
    "mysterious": ", or so it seems|, for now|, if you know where to look|, and I will not say why"
    "|, in a manner of speaking",
    "enthusiastic": ", and how|, big time|, all the way|, no brakes|, and I am so here for it",
    "laid-back": ", no big deal|, more or less|, give or take|, no hurry|, or something like that",
    "upbeat": ", smile included|, and that is a good thing|, with a grin",
    "calm": ", one breath at a time|, slowly|, in peace",
    "inspiring": ", and so can you|, one small step at a time|, come what may",
    "thoughtful": ", the longer I look|, when I think about it|, all things considered",
    "cosy": ", tea optional|, cosy as it gets|, under a blanket in spirit",
    "bold": ", take it or leave it|, and I stand by it|, no apologies",
    "dreamy": ", as in a dream|, floating a little|, somewhere far off",
    "ironic": ", what a surprise|, if you can believe it|, hold the applause",
    "nostalgic": ", as I remember it|, like it used to be|, same as ever",
    "informative": ", to be exact|, in short|, by my count",
    "E+": ", all of you", "E-": ", just quietly|, without a word more", "H+": ", laugh track optional",
    "P+": ", as planned|, by design", "A+": ", if I am honest|, flaws included", "C+": ", in broad strokes",
    "P-": ", no cap|, kind of",
    "": ", {weekday} or not|, even on a {weekday}|, especially in {season}|, and {topic} can wait|, {topic} aside"
    "|, {interest} permitting|, on this {weekday} of all days|, and then back to {topic}|, this {season} at least"
    "|, somewhere between {topic} and {interest}",
}  # fmt: skip
_QUESTIONS = {
    "friendly": "Tell me, friends:|I am curious:|Help me out:|Your turn:",
    "playful": "Quick game:|Pick one:|Dare you:|Pop quiz:",
    "witty": "Asking for a friend:|Purely scientific:|A poll of one so far:|For my memoirs:",
    "warm": "If you like to share:|Tell me gently:|I would love to know:|From my heart to yours:",
    "direct": "Answer me:|One question:|Straight question:|Say it:",
    "poetic": "I ask the evening and you:|Say it softly:|A question like a feather:|The wind wants to know:",
    "storytelling": "Your turn to tell:|Next chapter, you write it:|The audience may speak:|The story needs to know:",
    "teaching": "Question for the class:|Think about it:|A little homework:|To practise:",
    "formal": "May I ask:|I should be glad to know:|A question, if you permit:|For discussion:",
    "mysterious": "Tell me in secret:|Only between us:|I may already know, but:|A riddle:",
    "enthusiastic": "Okay, tell me everything:|I need to know:|Comments, now:|Quick, quick:",
    "laid-back": "No pressure, but|Just wondering:|Whenever you feel like it:|Random one:",
    "": "On the subject of {topic}:|While we are at {interest}:|{Weekday} question:"
    "|{Season} question:|{Topic} people, tell me:"
    "|Apropos {interest}:|From {place}:|For the {interest} crowd:|{City} wants to know:"
    "|Between {topic} and {interest}:",
}  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")
_STARTS = re.compile(r"(?:I|My|The|This|That|There|It|Some|If|You|We|All|Every|Somebody|Nobody|A|An|One)\b|\{\w+\}")
_VERB = re.compile(
    r"\b(?:am|is|are|was|were|have|has|had|do|does|did|will|would|could|can|should|may|might|cannot|think|like|love|keep|"
    r"feel|know|want|need|wear|carry|found|dressed|brought|believe|prefer|hold|take|make|get|say|look|suit|tell|asked|told|"
    r"chose|said|got|put|smell|taste|sound|thinks|keeps|feels|knows|wants|needs|holds|takes|makes|gets|says|looks|suits|"
    r"tells|stays|comes|goes|lies|writes|falls|opens|leaves|lets|remember|wonder|promise|admit|miss|trust|hope|wish|change|"
    r"stay|come|go|owe|call|count|lean|learn|mean|care|run|stand|sit|sits|stands|runs)\b|['’](?:s|m|re|ll|d)\b|_is\}",
)
_CROWD = re.compile(r"\b(?:you|friends|dears|hearts|people|everyone)\b", re.IGNORECASE)
_OWN = frozenset({"topic", "interest", "name", "city"})


@dataclass(frozen=True)
class Coloured:
    """A template with its colour, still with slots, and the slots it has."""

    text: str
    slots: frozenset[str]
    common: int = 0  # sentences that anybody could have said of the same picture


class Colour:
    """The colours of one voice: `style`, `tone` and the traits that stand out ("E+", "P-", …)."""

    def __init__(self, style: str, tone: str, traits: dict[str, float], rng: random.Random):
        marks = [f"{letter}+" for letter, value in traits.items() if value >= 0.75]
        marks += [f"{letter}-" for letter, value in traits.items() if value <= 0.25]
        self._rng = rng
        # a style's own words count more than the shared ones with day and topic
        self._leads = _gathered(_LEADS, (*[style] * 4, *[tone] * 3, *marks, *marks, ""))
        self._tails = _gathered(_TAILS, (*[style] * 4, *[tone] * 3, *marks, *marks, ""))
        if traits.get("E", 0.5) <= 0.25:  # a quiet one does not speak to a crowd
            self._leads, self._tails = ([one for one in found if not _CROWD.search(one)]
                                        for found in (self._leads, self._tails))  # fmt: skip
        self._short_tails = [one for one in self._tails if not one.startswith(", and ")]
        self._questions = _gathered(_QUESTIONS, (*[style] * 3, ""))

    def of(self, template: str, known: set[str], about: frozenset[str] | set[str]) -> Coloured:
        """`template` with words before its first or after its last sentence. `known` are slots that can be filled,
        `about` those the caption speaks of already: a colour does not say them again.
        """
        own = {name.lower() for name in _SLOT.findall(template)}
        free = {name for name in known if name not in about and name not in own}
        parts = re.split(r"(?<=[.!?…])\s+", template)
        bare = not own & _OWN
        if parts[-1].rstrip().endswith("?"):
            if self._rng.random() < (0.9 if bare else 0.25) and (lead := self._fitting(self._questions, free)):
                parts[-1] = f"{lead} {_lowered(parts[-1])}" if len(parts) == 1 else parts[-1]
            if len(parts) > 1:
                parts[0] = self._led(parts[0], free, 0.7 if bare else 0.2)
        elif len(parts) == 1:
            if bare and self._rng.random() < 0.93 or not bare and self._rng.random() < 0.3:
                first, second = (self._led, self._tailed) if self._rng.random() < 0.5 else (self._tailed, self._led)
                before = parts[0]
                parts[0] = first(before, free, 1)
                if parts[0] == before:
                    parts[0] = second(before, free, 1)
        else:
            parts[0] = self._led(parts[0], free, 0.85 if bare else 0.3)
            parts[-1] = self._tailed(parts[-1], free, 0.85 if bare else 0.3)
        text = " ".join(parts)
        plain = set(re.split(r"(?<=[.!?…])\s+", template))
        return Coloured(
            text,
            frozenset(name.lower() for name in _SLOT.findall(text)),
            sum(part in plain and _is_common(part) for part in parts),
        )

    def _led(self, sentence: str, free: set[str], share: float) -> str:
        if not _STARTS.match(sentence) or not _VERB.search(sentence) or self._rng.random() >= share:
            return sentence
        if re.match(r"(?:Some|All)\b", sentence) and ":" in sentence or sentence.count(":"):
            return sentence
        lead = self._fitting(self._leads, free)
        return f"{lead} {_lowered(sentence)}" if lead else sentence

    def _tailed(self, sentence: str, free: set[str], share: float) -> str:
        if not re.search(r"[^.]\.$", sentence) or self._rng.random() >= share:
            return sentence
        whole = _VERB.search(sentence)
        if not whole and not _SLOT.search(sentence):
            return sentence
        tail = self._fitting(self._tails if whole else self._short_tails, free)
        return f"{sentence[:-1]}{tail}." if tail else sentence

    def _fitting(self, phrases: list[str], free: set[str]) -> str:
        for _ in range(12):
            phrase = self._rng.choice(phrases)
            if {name.lower() for name in _SLOT.findall(phrase)} <= free:
                free -= {name.lower() for name in _SLOT.findall(phrase)}
                return phrase
        return ""


def commons(template: str) -> int:
    """How many sentences and lines of a template name nothing of the character's own."""
    return sum(map(_is_common, re.split(r"(?<=[.!?…])\s+|\n", template)))


def _is_common(sentence: str) -> bool:
    """Whether a sentence names nothing of the character's own, nor two things of the picture."""
    slots = {name.lower() for name in _SLOT.findall(sentence)}
    words = len(re.findall(r"[\w'’{}]+", sentence)) + len(slots)  # a slot is two words as a rule
    return words >= 4 and not slots & _OWN and len(slots) < 3


def _gathered(table: dict[str, str], marks: tuple[str, ...]) -> list[str]:
    return [phrase for mark in marks for phrase in table.get(mark, "").split("|") if phrase]


def _lowered(sentence: str) -> str:
    """The sentence as it goes on after a comma or colon: a slot in small letters, "I" as it is."""
    if match := re.match(r"\{(\w)", sentence):
        return "{" + match[1].lower() + sentence[2:]
    return sentence if re.match(r"I\b", sentence) else sentence[:1].lower() + sentence[1:]
