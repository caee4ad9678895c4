"""What a sentence costs: three means by hand, the rate at which words take 32 symbols, rows for each chain and SNR."""

import numpy as np
import pytest

from semcom_lib.mem_deepsc.chains import chains, word_code
from semcom_lib.mem_deepsc.costs import Told, rate_of_words, symbols_per_sentence
from semcom_lib.physical_layer.csi import PERFECT
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.stories import Story

LONG = "alma handed the heavy kettle to boris."  # 38 letters: two blocks of 256 bits
TOLD = Told.of([Story(1, ("alma went.", LONG), ()), Story(1, ("alma went.",), ()), Story(2, (LONG,), ())])


@pytest.fixture(scope="module")
def stories():
    return [s for task in embedded_stories.TASKS for s in embedded_stories.tell(task, 6, 1, "train")]


def test_occurrences_are_counted_by_task():
    assert TOLD.sentences == ("alma went.", LONG)
    assert TOLD.times.tolist() == [[2, 1], [0, 1]]


def test_the_means_are_those_by_hand():
    cost = np.array([3, 9])
    assert TOLD.by_occurrence(cost) == (3 + 3 + 9 + 9) / 4
    assert TOLD.by_sentence(cost) == 6
    assert TOLD.by_task(cost) == ((3 + 3 + 9) / 3 + 9) / 2


def test_symbols_are_counted_for_each_chain_at_each_snr():
    code = word_code([Story(1, TOLD.sentences, ())])
    made = chains(code, Rician(2.0), PERFECT, iterations=1, word_rate=0.5)
    table = symbols_per_sentence(made, TOLD, [0.0, 6.0])
    assert table[["system", "snr_db"]].to_records(index=False).tolist() == [
        (name, s) for name in made for s in (0.0, 6.0)
    ]
    rows = table.set_index(["system", "snr_db"])
    assert rows.loc[("utf8_turbo", 0.0)].tolist() == rows.loc[("utf8_turbo", 6.0)].tolist()
    assert rows.loc[("utf8_turbo", 6.0)].tolist() == ["16qam", 0.328, 292.5, 292.5, (195 * 4 / 3 + 390) / 2]
    assert rows.loc[("utf8_turbo_amc", 0.0)].tolist() == ["qpsk", 0.328, 585.0, 585.0, 195 * 4 / 3 + 390]
    assert rows.loc[("utf8_turbo_amc", 6.0)].tolist() == rows.loc[("utf8_turbo", 6.0)].tolist()
    fitted = [(3 * 8 * letters + 12) / 4 for letters in (10, 38)]
    k = 8 * (10 + 38) / 2
    assert rows.loc[("utf8_turbo_fitted", 6.0)].tolist() == [
        "16qam", round(k / (3 * k + 12), 3), sum(fitted) / 2, sum(fitted) / 2,
        ((2 * fitted[0] + fitted[1]) / 3 + fitted[1]) / 2,
    ]  # fmt: skip
    bits = [max(12, len(code.encode(sentence))) for sentence in TOLD.sentences]
    assert rows.loc[("word_code", 6.0)].tolist()[:3] == ["qpsk", 0.5, sum(bits) / 2]


def test_words_take_at_most_32_symbols_and_hardly_fewer(stories):
    code, told = word_code(stories), Told.of(stories)
    for num_symbols in (16, 24, 32):
        rate = rate_of_words(code, told, num_symbols)
        made = chains(code, Rician(2.0), PERFECT, iterations=1, word_rate=rate)
        table = symbols_per_sentence({"word_code": made["word_code"]}, told, [6.0])
        assert num_symbols - 0.5 < table.by_task.item() <= num_symbols
        assert 0.2 < rate < 0.9
        assert rate == round(rate, 3)


def test_where_the_lowest_rate_is_cheap_enough_it_is_taken_and_where_none_is_that_is_said(stories):
    code, told = word_code(stories), Told.of(stories)
    assert rate_of_words(code, told, 1000) == 0.2
    with pytest.raises(ValueError, match=r"num_symbols = 4: .* the highest rate is 0\.9"):
        rate_of_words(code, told, 4)


def test_stories_without_sentences_are_refused():
    with pytest.raises(ValueError, match="tell no sentence"):
        Told.of([Story(1, (), ())])
