"""Token ids of odd strings by Hugging Face's own tokenizers, and a small T5 tokenizer to have them from.

    python test/golden/dump_token_ids.py test/golden        (needs tokenizers, transformers, sentencepiece and protobuf; no torch)

Writes `token-ids/spiece.model`, a Unigram model trained here with sentencepiece's real nmt_nfkc character map, and `token-ids/ids.json`:
for every tokenizer the content ids (no special tokens) of every string. `t5-…` are the ways in which T5's tokenizer.json is published.
"""

import json
import sys
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import CLIPTokenizerFast

SENTENCES = [
    "a photograph of a red ring on top of a white cube at night",
    "A lighthouse on a cliff, oil painting, highly detailed",
    "two cats & three dogs (in the snow) -- 35 mm film; f/1.8",
    "the café's naïve façade in Zürich, señor: 100% crème brûlée",
    "portrait of an old man in the style of Rembrandt, soft light",
    "日本の城と桜 東京タワー ガラス",
    "Привет мир, красный куб",
    "a family 👩‍👩‍👧 at the beach ❤️ 👍🏽 🚀",
    "½ of the ﬁne coﬀee costs 5 € or £3",
    "क्षत्रिय नमस्ते 한국어 العربية",
]

EMOJI = """👩‍👩‍👧|👨‍👩‍👧‍👦|🏳️‍🌈|🏴‍☠️|👩🏽‍🚀|🧑🏿‍🤝‍🧑🏻|❤️‍🔥|❤️|❤|❤︎|☺️|👍🏽|👍|🚀🐴|🇩🇪|🇩🇪🇫🇷|🇩|1️⃣|#️⃣|🏴󠁧󠁢󠁥󠁮󠁧󠁿|©️|™|a👩‍🚀b|👩‍|‍👩|👩 ‍ 👧|🫱🏻‍🫲🏿|🐻‍❄️ in the snow|a photo of 👩‍👩‍👧 at night|😀😃😄|✂️✨|🅰️🆗|㊗️㊙️"""
MARKS = "e\u0301|é|E\u0301\u0302|a\u0308\u0301|n\u0303|A\u030a|Å|ﬁ ﬀ ﬃ|Z̸̢a̶l̷g̵o̴|q\u0323\u0307|q\u0307\u0323|\u0301|\u0301a|a\u0301\u0301\u0301\u0301\u0301|o\u0328\u0304|ệ|e\u0323\u0302|ſ|ẛ\u0323|İstanbul|ıI|ß ẞ|ΟΔΥΣΣΕΥΣ|ΟΔΟΣ Σ|ς|Ǆ ǅ ǆ|ŉ|ǰ"
SPACES = " | two  spaces|three   spaces |\tred\tcube\t|red\ncube|red\r\ncube|red\u00a0cube|red\u2003cube|red\u3000cube|red\u200bcube|red\u200ccube|red\u200dcube|red\u2060cube|\ufeffred|red\u00adcube|red\u2028cube|red\u0085cube|red\u180ecube|red\u1680cube|\u200e\u200fred|\u202ered\u202c|red \u200b cube|  |red▁cube|▁|▁▁red|red ▁ cube|\u2800red|red\u205fcube|\u200d|\u200b\u200b|a \u0301b"
CONTROLS = "red\u0000cube|\u0000|\u0001red|red\u007fcube|red\u001bcube|\u0008a|a\u000bb|a\u000cb|\u008fred|\u009fred|\ufffdred|\ufffered|\U0010fffe|\ue000|\uf8ff apple|\U000e0001|\ufff9a\ufffab\ufffb|\u0080|\u0090a"
WIDE = "ＲＥＤ　ｃｕｂｅ|ｱｲｳ ｶﾞ|１２３|～|a～b ①|〜|①②③ ⑴ ⒈|㍿ ㌔ ㎏|℃ ℉ № ℡|½ ¼ ⅓|x² y₃ ⁿ|ª º|𝐀𝐁 𝒳 𝔽 𝟘|ⓐⓑ|ℌℑ ℝ|Ⅷ ⅷ|㋿|﷽|ﻼ|豈 﨎|🄰|＜/s＞ b|｀＇＂|…|‥ ‐ ‑ – —|“quoted” ‘it’|¨ ´ ¸|µ μ|Ω Ω|K K|ſt ﬆ"
SCRIPTS = "日本語|東京タワーの夜景|中文 图像|한국어|한국어|ᄒ|क्षत्रिय|क्‍ष|श्री|नमस्ते दुनिया|العربية|لا إله|فارسی نیم‌فاصله|שלום|שָׁלוֹם|ไทยภาษา|กำ|မြန်မာ|ខ្មែរ|தமிழ்|తెలుగు|ਪੰਜਾਬੀ|Привет мир|й|й|Ёж|ქართული|Հայերեն|ἄλφα|Ελληνικά|ᏣᎳᎩ|ꮳꮃꭹ|𐍈𐌰|𠮷野家|が か\u3099|は\u309a|ー|々|〇|ㄅㄆ|ᠮᠣᠩ|𝄞|ẞtraße"
PUNCTUATION = "it's we're I'LL don't 'd|'s|''s|rock'n'roll|a-b_c.d,e;f:g!h?i|...|!!!???|#hashtag @user|https://example.org/a?b=c&d=e|C:\\dir\\file|$5 €5 £5 ¥5|50% 1,000.00 3.14|1234567890|a1b2c3|(red:1.3) [cube]|{{red}} <cube>|<|endoftext|> red|</s><pad><unk>|</S>|<|startoftext|>|a</s>b|a </s> b|<pad>red|&amp; &lt;|\\u0301 \\n|^~`|§ ¶ † ‡ •|→ ← ⇒ ∞ ≠ ≤|a/b\\c|--ar 16:9|x"
LONG = ["red " * 30, "x" * 200, "日" * 60, "👩‍👩‍👧" * 8, "a\u0301" * 40, "CamelCaseAndSNAKE_CASE", "red,cube,red,cube", "Red RED rEd", "a photograph of a cat", "The Café's naïve façade", "two cats&three dogs", "f/1.8 35mm"]


def strings() -> list[str]:
    """Pieces are separated by |, which only punctuation holds itself (in CLIP's special tokens)."""
    special = ["<|endoftext|> red", "<|startoftext|>"]
    split = [piece for part in (EMOJI, MARKS, SPACES, CONTROLS, WIDE, SCRIPTS, PUNCTUATION) for piece in part.split("|")]
    fragments = {"<", "endoftext", "> red", "startoftext", ">"}
    return list(dict.fromkeys(["", *(piece for piece in split if piece not in fragments), *special, *LONG]))


def train(file: Path) -> None:
    corpus = [sentence for sentence in SENTENCES for _ in range(4)] + [word for sentence in SENTENCES for word in sentence.split()]
    with file.open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus), model_writer=model, model_type="unigram", vocab_size=320, hard_vocab_limit=False,
            character_coverage=1.0, normalization_rule_name="nmt_nfkc", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=1,
        )  # fmt: skip


def t5_tokenizers(file: Path) -> dict[str, Tokenizer]:
    model = sentencepiece_model_pb2.ModelProto.FromString(file.read_bytes())
    unigram = models.Unigram([(piece.piece, piece.score) for piece in model.pieces], unk_id=2)
    charsmap = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
    tidy = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    metaspace = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    made = {}
    for name, normalizer, pre_tokenizer in (
        ("t5-precompiled", charsmap, split),
        ("t5-converted", normalizers.Sequence([charsmap, *tidy]), metaspace),
    ):
        tokenizer = Tokenizer(unigram)
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
        made[name] = tokenizer
    return made


def main() -> None:
    golden = Path(sys.argv[1])
    out = golden / "token-ids"
    out.mkdir(exist_ok=True)
    train(out / "spiece.model")
    pipelines = golden / "pipeline"
    tokenizers = {
        "pipeline/flux-pipeline-tiny/tokenizer": CLIPTokenizerFast.from_pretrained(pipelines / "flux-pipeline-tiny/tokenizer").backend_tokenizer,
        "pipeline/sd3-pipeline-tiny/tokenizer": Tokenizer.from_file(str(pipelines / "sd3-pipeline-tiny/tokenizer/tokenizer.json")),
        "pipeline/flux-pipeline-tiny/tokenizer_2": Tokenizer.from_file(str(pipelines / "flux-pipeline-tiny/tokenizer_2/tokenizer.json")),
        **t5_tokenizers(out / "spiece.model"),
    }  # fmt: skip
    texts = strings()
    ids = {name: [tokenizer.encode(text, add_special_tokens=False).ids for text in texts] for name, tokenizer in tokenizers.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(rows, separators=(',', ':'))}" for name, rows in ids.items()]
    (out / "ids.json").write_text(f'{{"strings": {json.dumps(texts)},\n' + ",\n".join(lines) + "}\n")
    print(f"{len(texts)} strings, {len(tokenizers)} tokenizers")


main()
