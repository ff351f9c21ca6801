"""Lessons and training on a shop of a dozen words with a teacher made of letters."""

import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")

from tokenizers import Tokenizer  # noqa: E402

from exporter.dictionary import Entry  # noqa: E402
from exporter.glossary import Term  # noqa: E402
from exporter.towers import chinese_data, chinese_training  # noqa: E402
from exporter.towers.chinese import chinese_graph, first_encoder  # noqa: E402
from exporter.towers.chinese_data import (  # noqa: E402
    Meanings,
    Words,
    collect_meanings,
    embed,
    phrase_lessons,
    word_lessons,
)
from exporter.towers.chinese_training import (  # noqa: E402
    Lessons,
    Tokens,
    distillation_loss,
    share_of_rate,
    train,
)
from exporter.towers.chinese_vocabulary import (  # noqa: E402
    Vocabulary,
    build_tokenizer,
    choose_vocabulary,
)
from exporter.towers.text_encoder import TextEncoder  # noqa: E402

Vectors = NDArray[np.float32]


class LetterTeacher:
    """Gives the normalised sum of its words' random vectors: order plays no part."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Vectors:
        self.asked += texts
        sums = np.stack([sum(map(self._word, text.split())) for text in texts])
        unit: Vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def _word(self, word: str) -> NDArray[np.float64]:
        return np.random.default_rng(list(word.encode())).normal(size=384)


COLOURS = {"红色": "red", "蓝色": "blue", "绿色": "green", "黑色": "black"}
THINGS = {"长裤": "pants", "夹克": "jacket", "背包": "backpack", "手表": "watch"}
TERMS = [
    *(Term(chinese=(zh,), english=(en,), kind="colour") for zh, en in COLOURS.items()),
    *(Term(chinese=(zh,), english=(en,), kind="clothing") for zh, en in THINGS.items()),
]
# Words of the dictionary, enough of them for principal components.
ENTRIES = [
    Entry(
        traditional=chr(0x4E00 + row) + chr(0x4E80 + row),
        simplified=chr(0x4E00 + row) + chr(0x4E80 + row),
        glosses=(f"gloss{row}", f"other{row}"),
        verb=False,
        proper=False,
    )
    for row in range(200)
]
FREQUENCIES = {entry.simplified: 1e-6 for entry in ENTRIES[:150]}


class School:
    """A vocabulary, its lessons and an untrained encoder."""

    def __init__(self, cache: Path) -> None:
        teacher = LetterTeacher()
        self.vocabulary: Vocabulary = choose_vocabulary(
            ENTRIES, FREQUENCIES, terms=TERMS, latin=["nike"]
        )
        self.tokenizer: Tokenizer = build_tokenizer(self.vocabulary)
        self.meanings: Meanings = collect_meanings(ENTRIES, TERMS, tokenizer=self.tokenizer)
        glosses = [gloss for known in self.meanings.glosses.values() for gloss in known]
        vectors = dict(zip(glosses, teacher.encode(glosses), strict=True))
        words = word_lessons(self.meanings, FREQUENCIES, gloss_vectors=vectors)
        latin = Words(
            texts=("nike",), targets=teacher.encode(["nike"]), weights=np.ones(1, np.float64)
        )
        phrases = phrase_lessons(
            TERMS, words, self.meanings, count=60, teacher=teacher, cache=cache, seed=1
        )
        self.lessons = Lessons(words=words, phrases=phrases, latin=latin)
        self.known = dict(zip(words.texts, words.targets, strict=True))

    def encoder(self) -> TextEncoder:
        return first_encoder(self.vocabulary, self.known, seed=1)

    def trained(self, steps: int) -> tuple[TextEncoder, list[float]]:
        losses: list[float] = []
        encoder = self.encoder()
        tokens = Tokens(self.tokenizer, self.vocabulary)
        train(
            encoder,
            self.lessons,
            tokens=tokens,
            steps=steps,
            seed=4,
            report=lambda _, loss: losses.append(loss),
        )
        return encoder, losses


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chinese_data, "_JOINED", 50)
        for batch in ("WORD_BATCH", "PHRASE_BATCH", "LATIN_BATCH"):
            patch.setattr(chinese_training, batch, 8)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield School(tmp_path_factory.mktemp("cache"))
        torch.set_num_threads(threads)


def test_the_loss_of_orthogonal_lessons_is_worked_out_by_hand() -> None:
    teacher = torch.eye(2)
    # Perfect student: no cosine loss; cross entropy of softmax(20, 0) with itself.
    share = 1 / (1 + math.exp(-20))
    entropy = -(share * math.log(share) + (1 - share) * math.log(1 - share))
    assert float(distillation_loss(teacher, teacher)) == pytest.approx(entropy, abs=1e-6)
    # Swapped student: cosine 0 costs 8, and the labels fall on a logit 20 below the other.
    assert float(distillation_loss(teacher.flip(0), teacher)) == pytest.approx(28, abs=1e-3)


@pytest.mark.parametrize(
    ("step", "share"), [(0, 0.005), (199, 1.0), (700, 1.0), (900, 0.5), (1000, 0.0)]
)
def test_the_rate_rises_stays_and_falls(step: int, share: float) -> None:
    assert share_of_rate(step, 1000) == pytest.approx(share)


def test_training_lowers_the_loss_and_repeats_itself(school: School) -> None:
    encoder, losses = school.trained(12)
    assert losses[-1] < 0.9 * losses[0]
    again, repeated = school.trained(12)
    assert losses == repeated
    assert torch.equal(encoder.tokens.weight, again.tokens.weight)


def test_the_untrained_encoder_is_a_bag_of_words(school: School) -> None:
    encoder = school.encoder()
    tokens = Tokens(school.tokenizer, school.vocabulary)
    words = ("红色", "长裤", "背包", "手表")
    with torch.no_grad():
        vectors = encoder(*tokens.batch(tokens.ids(words))).numpy()
    similar = vectors @ np.stack([school.known[word] for word in words]).T
    assert similar.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_graph_takes_traditional_tokens_by_their_rows(school: School) -> None:
    encoder = school.encoder().eval()
    model = chinese_graph(encoder, school.vocabulary)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ids = np.array([school.tokenizer.encode("红色的长裤").ids])
    answer = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    tokens = Tokens(school.tokenizer, school.vocabulary)
    with torch.no_grad():
        expected = encoder(*tokens.batch(tokens.ids(["红色的长裤"]))).numpy()
    assert np.abs(answer - expected).max() < 1e-5


def test_held_out_words_are_in_no_lesson_and_are_no_token(school: School) -> None:
    held = school.meanings.held_out
    assert held
    assert not held & set(school.lessons.words.texts)
    assert not held & set(school.vocabulary.tokens)
    assert not any(
        word in phrase
        for word in held
        for phrase in school.lessons.phrases.phrases
        if isinstance(phrase, str)
    )


def test_a_target_is_the_weighted_mean_of_the_glosses(school: School) -> None:
    word = next(word for word in school.lessons.words.texts if word in FREQUENCIES)
    first, second = LetterTeacher().encode(list(school.meanings.glosses[word]))
    mean = 1.0 * first + 0.5 * second
    target = school.known[word]
    assert target == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_the_glossary_overrules_the_dictionary(school: School) -> None:
    said = Entry(
        traditional="背包", simplified="背包", glosses=("knapsack",), verb=False, proper=False
    )
    meanings = collect_meanings([said], TERMS, tokenizer=school.tokenizer)
    assert meanings.glosses["背包"] == ("backpack",)


def test_known_words_are_cut_into_characters_now_and_then(school: School) -> None:
    tokens = Tokens(school.tokenizer, school.vocabulary)
    generator = random.Random(2)
    lengths = {len(tokens.ids(["红色长裤"], generator)[0]) for _ in range(200)}
    assert lengths == {3, 4, 5}
    assert len(tokens.ids(["红色长裤"])[0]) == 3


def test_the_teacher_is_asked_once_for_a_text(tmp_path: Path) -> None:
    teacher = LetterTeacher()
    texts = ["red", "blue", "red"]
    first = embed(texts, teacher=teacher, cache=tmp_path)
    again = embed(texts, teacher=teacher, cache=tmp_path)
    assert teacher.asked == ["blue", "red"]
    assert np.array_equal(first, again)
    assert np.array_equal(first[0], first[2])
    assert first == pytest.approx(LetterTeacher().encode(texts), abs=1e-3)
