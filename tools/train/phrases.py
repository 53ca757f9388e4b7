"""Phrases to teach the text tower: WordNet, the AudioSet ontology, class words, and compositions of them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROMPTS = (
    "{}",
    "the sound of {}",
    "sound of {}",
    "{} sound",
    "the sound of a {}",
    "i can hear {}",
    "this is a sound of {}",
    "a recording of {}",
    "{} noise",
    "the noise of {}",
    "hearing {}",
    "this is {}",
    "an audio of {}",
    "someone hears {}",
)
"""Ways to ask for a sound; the model card's template is the best of them on validation."""

PLACES = (
    "in the distance",
    "nearby",
    "outside",
    "in a room",
    "in the street",
    "next door",
    "loudly",
    "softly",
    "repeatedly",
    "once",
    "twice",
    "passing by",
    "approaching",
    "far away",
    "in the background",
    "and echoing",
    "at night",
    "indoors",
    "in the kitchen",
    "at the door",
    "in the rain",
    "with wind",
    "with traffic",
    "in a crowd",
    "in heavy noise",
    "with music",
    "with people talking",
)

SOUND_VERBS = """
bark yap whine howl growl snarl pant purr meow hiss moo bleat neigh oink cluck crow quack honk squawk chirp
tweet sing whistle hoot croak buzz hum roar cry sob scream shout yell laugh giggle cough sneeze snore
breathe whisper talk speak chatter clap cheer walk run stomp knock bang slam slap tap click tick beep ring
chime ding toll jingle rattle clatter clang creak squeak squeal screech scrape scratch rustle crackle sizzle
boil drip splash pour trickle gush bubble gurgle flush drill hammer saw chop grind blow whoosh rumble
thunder explode shoot fire crash smash shatter crack snap pop burst thud thump pound rev idle accelerate
brake skid pass start stop wail blare sound alarm hit break drop fall open close lock unlock roll spin turn
vibrate play strum type print sweep wash dry fry stir cut tear crumple chew drink sip swallow burp groan
moan sigh gasp sniff kick punch land fly take-off drive ride
""".split()  # noqa: SIM905

PEOPLE = ("someone", "a person", "a man", "a woman", "a child", "people", "a baby", "kids", "a dog", "a cat")

EVERYDAY = """
dog puppy cat kitten baby child man woman crowd bird crow rooster chicken hen cow pig sheep goat horse frog
cricket bee fly mosquito owl duck goose seagull wolf lion bear monkey ambulance police-car fire-truck
fire-engine police ambulance car truck bus motorcycle train tram subway airplane jet helicopter boat ship
bicycle engine motor horn siren alarm smoke-alarm smoke-detector fire-alarm carbon-monoxide-alarm car-alarm
burglar-alarm alarm-clock clock timer microwave oven kettle fridge dishwasher washing-machine dryer
vacuum-cleaner blender mixer coffee-machine hair-dryer fan air-conditioner heater toilet shower tap faucet
sink bath door front-door door-bell doorbell gate window lock key drawer cupboard telephone phone
mobile-phone ringtone cellphone intercom buzzer computer keyboard mouse printer television radio speaker
piano guitar violin drum trumpet flute bell church-bell gong whistle hammer drill saw chainsaw jackhammer
lawn-mower leaf-blower gun rifle pistol machine-gun bomb firework firecracker balloon glass bottle plate
dish cup can bag paper cardboard wood metal plastic water rain thunder wind storm wave sea river stream
waterfall fire campfire footstep shoe heel stairs floor ball bin trash-can lorry van taxi tractor crane
excavator bulldozer lift elevator escalator reversing-truck
""".split()  # noqa: SIM905

KNOWN_SOUNDS = tuple(
    item.strip()
    for item in """
smoke alarm, smoke detector, fire alarm, siren, ambulance siren, police siren, fire engine siren, air raid
siren, tornado siren, doorbell, door bell, ding dong, door knock, knocking on wood, knock at the door, baby
crying, infant crying, baby cry, dog bark, dog barking, dogs barking, puppy yapping, bow wow, woof, glass
breaking, glass shattering, broken glass, window smashing, car horn, vehicle horn, honking, beep beep, car
alarm, gunshot, gun shot, gunfire, shooting, scream, screaming, shriek, shouting for help, yelling,
telephone ringing, phone ring, ringtone, mobile phone, alarm clock, wake up alarm, timer beep, microwave
beep, oven timer, kettle whistle, reversing beep, truck backing up, emergency vehicle, ambulance passing,
fire truck, police car, speech, conversation, talking, human voice, music, street music, busker, song,
singing, radio playing, television, background noise, silence, traffic, street noise, road noise, wind
noise, rain, heavy rain, thunder, thunderstorm, footsteps, walking, running, stairs, keyboard typing, mouse
click, vacuum cleaner, washing machine, dishwasher, toilet flush, water running, tap running, faucet,
shower, pouring water, boiling water, frying, cutlery, dishes, door slam, door closing, door opening, door
creak, drawer, window, keys jangling, children playing, playground, kids shouting, laughter, applause,
cheering, cough, sneeze, snoring, breathing, cat meow, meowing, purring, bird song, birds chirping, rooster
crowing, crow cawing, crickets, insects, bees buzzing, frog croaking, cow mooing, sheep bleating, horse
neighing, pig oinking, hen clucking, engine, engine idling, motorcycle, truck, bus, train, train horn, train
passing, airplane, jet, helicopter, drone, chainsaw, jackhammer, drilling, power drill, hammering, sawing,
lawn mower, air conditioner, fan, hum, buzz, hiss, static, explosion, fireworks, firecracker, crackling
fire, church bells, bell ringing, clock ticking, whistle, clapping, crowd, babble, cafe, restaurant, office
""".replace("\n", " ").split(",")
)
"""Short class-like phrases that matter most to those who use the monitor."""

_CONCRETE = {"04", "05", "06", "11", "13", "17", "18", "19", "20"}
"""WordNet's files of acts, animals, artefacts, events, foods, objects, persons, phenomena and plants."""
_SOUNDING = re.compile(
    r"\b(sounds?|noises?|nois(y|ily)|hear(d|ing)?|ring(s|ing)?|cr(y|ies|ying)|bells?|alarms?|loud(ly)?|bark|whistl\w*|"
    r"music\w*|sing\w*|voice|shout\w*|buzz\w*|hum(ming)?|roar\w*|bang\w*|signal\w*|tone|acoustic|audible|explo\w+)\b"
)


def gerund(verb: str) -> str:
    """Spell the -ing form of a plain English verb: stop -> stopping, take -> taking, die -> dying."""
    head, _, rest = verb.partition("-")
    if head.endswith("ie"):
        form = head[:-2] + "ying"
    elif head.endswith("e") and not head.endswith(("ee", "oe", "ye")):
        form = head[:-1] + "ing"
    elif re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", head):
        form = head + head[-1] + "ing"
    else:
        form = head + "ing"
    return f"{form} {rest}".strip()


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


@dataclass(frozen=True)
class WordNet:
    """What is taken from the WordNet data files."""

    nouns: list[str]
    """Concrete nouns that have been counted in text, commonest first."""
    verbs: list[str]
    """Verbs that have been counted in text, commonest first."""
    lemmas: list[str]
    """Every noun, verb and adjective of at most three words."""
    glosses: list[str]
    """Definitions of at most twelve words."""


def _counted(folder: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield (count, word, part of speech, file number) from the counts of senses."""
    for line in (folder / "cntlist.rev").read_text(encoding="latin-1").splitlines():
        key, sense, count = line.split()
        lemma, _, tail = key.partition("%")
        if int(sense) <= 3:
            part, file_number, *_rest = tail.split(":")
            yield int(count), lemma.replace("_", " "), part, file_number


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _lines(path: Path) -> list[str]:
    """Read the lines of a data file, without the licence at its head."""
    return [line for line in path.read_text(encoding="latin-1").splitlines() if not line.startswith(" ")]


def read_wordnet(folder: Path) -> WordNet:
    """Read the Debian `wordnet-base` data."""
    counted = sorted(_counted(folder), reverse=True)
    lemmas, glosses = [], []
    for part in ("noun", "verb", "adj"):
        lemmas += [line.split()[0].replace("_", " ") for line in _lines(folder / f"index.{part}")]
        definitions = (line.partition("|")[2].partition(";")[0] for line in _lines(folder / f"data.{part}"))
        glosses += [text.strip().lower() for text in definitions]
    return WordNet(
        nouns=_unique(word for _, word, part, number in counted if part == "1" and number in _CONCRETE),
        verbs=_unique(word for _, word, part, _ in counted if part == "2"),
        lemmas=_unique(lemma for lemma in lemmas if len(lemma.split()) <= 3),
        glosses=_unique(gloss for gloss in glosses if 1 < len(gloss.split()) <= 12),
    )


def read_ontology(path: Path) -> tuple[list[str], list[str]]:
    """Read the AudioSet ontology: class names with their parts, and clauses of the descriptions."""
    entries = json.loads(path.read_text())
    names = [entry["name"].lower() for entry in entries]
    parts = [part.strip(" )") for name in names for part in re.split(r"[,(]", name)]
    clauses = [
        clause.strip().lower() for entry in entries for clause in re.split(r"[.;]", entry["description"])
    ]
    return _unique(name for name in names + parts if name), [clause for clause in clauses if len(clause) > 8]


class Composer:
    """Draws phrases; the same seed draws the same ones."""

    def __init__(self, wordnet: WordNet, sounds: list[str], seed: int) -> None:
        self._wordnet, self._sounds = wordnet, sounds
        self._random = random.Random(seed)
        self._everyday = _unique(word.replace("-", " ") for word in EVERYDAY)

    def _noun(self) -> str:
        if self._random.random() < 0.5:
            return self._random.choice(self._everyday)
        count = len(self._wordnet.nouns)
        return self._wordnet.nouns[int(count * self._random.random() ** 2)]

    def _verb(self) -> str:
        if self._random.random() < 0.8:
            return self._random.choice(SOUND_VERBS)
        return self._wordnet.verbs[int(len(self._wordnet.verbs) * self._random.random() ** 2)]

    def sound(self) -> str:
        """Draw one class-like phrase: a known sound, or a noun and a verb put together."""
        noun, verb = self._noun(), self._verb()
        shapes: list[Callable[[], str]] = [
            lambda: self._random.choice(self._sounds),
            lambda: self._random.choice(self._sounds),
            lambda: f"{noun} {gerund(verb)}",
            lambda: f"{_article(noun)} {gerund(verb)}",
            lambda: f"the {noun} {gerund(verb)}",
            lambda: f"{noun} {verb}".replace("-", " "),
            lambda: f"{self._random.choice(PEOPLE)} {gerund(verb)}",
            lambda: f"{self._random.choice(PEOPLE)} {gerund(verb)} {_article(noun)}",
            lambda: f"{gerund(verb)} {self._random.choice(['of', 'on', 'at', 'with', 'the', 'a'])} {noun}",
            lambda: f"{noun} {self._noun()}",
            lambda: noun,
            lambda: gerund(verb),
        ]
        return self._random.choice(shapes)()

    def scene(self) -> str:
        """Draw one phrase with a place or a second sound."""
        first, second = self.sound(), self.sound()
        joins = ("{} and {}", "{} with {} in the background", "{} with {}", "{} while {}", "{} then {}")
        if self._random.random() < 0.6:
            return f"{first} {self._random.choice(PLACES)}"
        return self._random.choice(joins).format(first, second)

    def phrase(self) -> str:
        """Draw one phrase, as a prompt or bare."""
        inner = self.sound() if self._random.random() < 0.7 else self.scene()
        return self._random.choice(PROMPTS).format(inner) if self._random.random() < 0.6 else inner


def compose(wordnet: WordNet, ontology: Path, labels: list[str], count: int, seed: int = 7) -> list[str]:
    """Compose about `count` distinct phrases, class-like ones first in number."""
    names, clauses = read_ontology(ontology)
    sounds = _unique([*KNOWN_SOUNDS, *names, *labels])
    composer = Composer(wordnet, sounds, seed)
    choose = random.Random(seed)
    fixed = [prompt.format(sound) for sound in sounds for prompt in PROMPTS]
    fixed += [f"{sound} {place}" for sound in _unique([*KNOWN_SOUNDS, *labels]) for place in PLACES]
    fixed += clauses + [gloss for gloss in wordnet.glosses if _SOUNDING.search(gloss)]
    fixed += wordnet.nouns + [gerund(verb) for verb in wordnet.verbs if " " not in verb]
    fixed += choose.sample(wordnet.lemmas, min(len(wordnet.lemmas), count // 8))
    fixed += choose.sample(wordnet.glosses, min(len(wordnet.glosses), count // 16))
    drawn = (composer.phrase() for _ in range(max(0, count - len(fixed))))
    phrases = _unique(text.lower() for text in [*fixed, *drawn])
    choose.shuffle(phrases)
    return phrases
