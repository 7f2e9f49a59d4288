"""Captions of scenes, from plain ("a red sphere") to full, in a closed vocabulary, and the word-level tokenizer for them."""

import random
import re

from .scene import COLOURS, SHAPES, Scene, Thing

NOUNS = {
    "sphere": ("sphere", "ball", "sphere"),
    "cube": ("cube", "box", "cube"),
    "cylinder": ("cylinder", "cylinder", "drum"),
    "cone": ("cone",),
    "ring": ("ring", "ring", "torus", "donut"),
    "diamond": ("diamond", "diamond", "gem"),
}
SIZE_WORDS = {"small": ("small", "tiny", "little"), "medium": ("medium",), "large": ("large", "big", "huge")}
MATERIAL_WORDS = {"matte": ("matte",), "shiny": ("shiny", "glossy"), "metal": ("metal", "metallic")}
PATTERN_WORDS = {"striped": ("striped",), "dotted": ("dotted", "spotted"), "checked": ("checked", "checkered")}
RELATION_WORDS = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "in front of": ("in front of",),
    "behind": ("behind",),
    "on top of": ("on top of", "on", "above"),
    "under": ("under", "below", "beneath"),
}
GROUND_WORDS = {
    "grass": ("on the grass", "on a meadow", "on green grass", "in a field"),
    "sand": ("on the sand", "in the desert", "on a beach"),
    "snow": ("on the snow", "in the snow", "in winter"),
    "wood": ("on a wooden floor", "on wood", "on planks"),
    "tiles": ("on a tiled floor", "on tiles", "on a marble floor"),
    "water": ("on the water", "in water", "on a lake", "at sea"),
}
TIME_WORDS = {
    "dawn": ("at dawn", "in the morning", "at sunrise"),
    "noon": ("at noon", "in daylight", "by day", "on a sunny day"),
    "dusk": ("at dusk", "at sunset", "in the evening"),
    "night": ("at night", "under the moon", "under the stars"),
}
SKY_WORDS = {"clear": ("under a clear sky", "with a clear sky"), "cloudy": ("under a cloudy sky", "with clouds")}
OPENINGS = ("", "", "", "", "a picture of", "a photo of", "there is", "an image of")
SPECIALS = ("<pad>", "</s>", "<unk>", "<s>")
PAD, EOS, UNK, BOS = range(4)
TEXT_TOKENS = 32


def describe(thing: Thing, rng: random.Random, plain: bool) -> str:
    """"a small shiny red sphere": colour and shape always, the rest now and then."""
    words = []
    if not plain:
        if thing.size != "medium" and rng.random() < 0.7:
            words.append(rng.choice(SIZE_WORDS[thing.size]))
        if rng.random() < 0.45:
            words.append(rng.choice(MATERIAL_WORDS[thing.material]))
        if thing.pattern != "plain" and rng.random() < 0.85:
            words.append(rng.choice(PATTERN_WORDS[thing.pattern]))
    words += [thing.colour, rng.choice(NOUNS[thing.shape])]
    return with_article(words, rng)


def with_article(words: list[str], rng: random.Random) -> str:
    article = "an" if words[0][0] in "aeiou" else "a"
    return " ".join(([article] if rng.random() < 0.9 else []) + words)


def caption(scene: Scene, rng: random.Random) -> str:
    """One of many true descriptions of a scene, short enough for every token to count."""
    while True:
        text = draw_caption(scene, rng)
        if len(split_words(text)) <= TEXT_TOKENS - 2:
            return text


def draw_caption(scene: Scene, rng: random.Random) -> str:
    plain = rng.random() < 0.25
    things = [describe(thing, rng, plain) for thing in scene.things]
    text = things[0]
    if scene.relation:
        if scene.relation in ("left of", "right of") and rng.random() < 0.08:
            text = f"{things[0]} {rng.choice(('next to', 'beside', 'near', 'and'))} {things[1]}"
        else:
            text = f"{things[0]} {rng.choice(RELATION_WORDS[scene.relation])} {things[1]}"
    if len(things) == 3 and rng.random() < 0.93:
        text += f"{rng.choice((' and', ', and', ', with'))} {things[2]}"
    places = []
    if rng.random() < 0.72:
        places.append(rng.choice(GROUND_WORDS[scene.ground]))
    if rng.random() < 0.66:
        places.append(rng.choice(TIME_WORDS[scene.time]))
    if rng.random() < 0.25:
        places.append(rng.choice(SKY_WORDS[scene.sky]))
    rng.shuffle(places)
    if places and rng.random() < 0.15:
        text = f"{' '.join(places)}, {text}"
    else:
        text = " ".join([f"{rng.choice(OPENINGS)} {text}".strip(), *places])
    return text


def split_words(text: str) -> list[str]:
    """Lower case, words and punctuation apart: what `Lowercase` and `Whitespace` of Hugging Face tokenizers do."""
    return re.findall(r"\w+|[^\w\s]+", text.lower())


def vocabulary() -> dict[str, int]:
    """Every word that a caption can hold, specials first."""
    phrases = [*COLOURS, *SHAPES, *OPENINGS, "a", "an", "and", "with", "next to", "beside", "near", ","]
    for table in (NOUNS, SIZE_WORDS, MATERIAL_WORDS, PATTERN_WORDS, RELATION_WORDS, GROUND_WORDS, TIME_WORDS, SKY_WORDS):
        phrases += [phrase for choices in table.values() for phrase in choices]
    words = sorted({word for phrase in phrases for word in split_words(phrase)})
    return {word: index for index, word in enumerate([*SPECIALS, *words])}


def encode(text: str, vocab: dict[str, int], clip: bool) -> list[int]:
    """Ids of TEXT_TOKENS tokens: `<s> … </s>` for CLIP, `… </s>` for T5, padded."""
    ids = [vocab.get(word, UNK) for word in split_words(text)][: TEXT_TOKENS - (2 if clip else 1)]
    ids = ([BOS] if clip else []) + ids + [EOS]
    return ids + [PAD] * (TEXT_TOKENS - len(ids))


def tokenizer_json(clip: bool) -> dict:
    """The same as a Hugging Face `tokenizer.json`."""
    vocab = vocabulary()
    single = ([{"SpecialToken": {"id": "<s>", "type_id": 0}}] if clip else []) + [
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
    ]
    special = {token: {"id": token, "ids": [vocab[token]], "tokens": [token]} for token in ("<s>", "</s>")}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": vocab[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for token in SPECIALS
        ],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"},
    }


def tokenizer_config() -> dict:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": TEXT_TOKENS,
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": False,
    }
