"""Sentences through a link: in order, as the model's own steps give them, and worse where the channel is worse."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.l_deepsc.transmission import features_of, receive_sentences, words_of
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn, Rayleigh

from .conftest import VOCABULARY

NOISELESS = 200.0
AWGN = EqualisedLink(Awgn())


def receive(model, sentences, snr_db, link=AWGN):
    return receive_sentences(model, sentences, VOCABULARY, link, snr_db, generator=seeds.torch_generator(1, "channel"))


def share_of_words(received, sentences):
    """The share of words that arrive at their place."""
    pairs = [
        (a, b)
        for text, ids in zip(received, sentences, strict=True)
        for a, b in zip([*text.split(), *[""] * len(ids)], VOCABULARY.decode(ids).split(), strict=False)
    ]
    return sum(a == b for a, b in pairs) / len(pairs)


def test_without_noise_nearly_every_word_arrives_at_its_place(trained, sentences):
    received = receive(trained, sentences, NOISELESS)
    assert len(received) == len(sentences)
    assert share_of_words(received, sentences) > 0.93


def test_3_db_is_worse_than_no_noise_and_better_than_minus_20_db(trained, sentences):
    shares = [
        share_of_words(receive(trained, sentences, snr_db, EqualisedLink(Rayleigh())), sentences)
        for snr_db in (-20.0, 3.0, NOISELESS)
    ]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.05


@pytest.mark.parametrize("law", [Awgn(), Rayleigh()])
def test_without_noise_each_sentence_gets_what_the_model_decodes_of_it_alone(trained, sentences, law):
    received = receive(trained, sentences, NOISELESS, EqualisedLink(law))
    with torch.inference_mode():
        for ids, text in zip(sentences, received, strict=True):
            alone = trained.receiver.greedy(trained.transmitter(torch.tensor([ids])))
            assert text == VOCABULARY.decode(alone[0].tolist())


def test_the_csi_of_the_link_is_used(trained, sentences):
    perfect, none = (share_of_words(receive(trained, sentences, 15.0, EqualisedLink(Rayleigh(), csi)), sentences)
                     for csi in (Csi("perfect"), Csi("none")))  # fmt: skip
    assert none < perfect - 0.2


def test_the_same_generator_gives_the_same_sentences(trained, sentences):
    link = EqualisedLink(Rayleigh(), Csi("rough"))
    first, second = (receive(trained, sentences, 3.0, link) for _ in range(2))
    assert first == second


def test_symbols_and_words_come_in_the_order_of_the_sentences(trained, sentences):
    symbols = features_of(trained.transmitter, sentences)
    assert [len(x) for x in symbols] == [8 * len(ids) for ids in sentences]
    words = words_of(trained.receiver, symbols)
    assert [len(ids) for ids in words] == [len(ids) for ids in sentences]
    assert sum(a == b for a, b in zip(words, sentences, strict=True)) > 0.85 * len(sentences)
