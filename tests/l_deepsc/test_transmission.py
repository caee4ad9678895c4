"""Sentences through a link: in order, and as the model's own steps give them."""

import torch

from semcom_lib import seeds
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.sources.text import Vocabulary

VOCABULARY = Vocabulary(["we", "must", "act", "now", "or", "later"])
SENTENCES = ["we must act now", "act", "we act now or later", "now or later we act", "must we act now"]


def untrained():
    with seeds.initialising(1, "text"):
        return DeepSC(len(VOCABULARY), DeepSCSizes(layers=1, max_words=8)).eval()


def receive(model, link, snr_db, sentences=SENTENCES):
    encoded = [VOCABULARY.encode(sentence) for sentence in sentences]
    return receive_sentences(model, encoded, VOCABULARY, link, snr_db, generator=seeds.torch_generator(1, "channel"))


def test_at_no_noise_each_sentence_gets_what_the_model_decodes_of_it():
    model = untrained()
    expected = []
    with torch.inference_mode():
        for sentence in SENTENCES:
            words = model.greedy(model.transmit(torch.tensor([VOCABULARY.encode(sentence)])))
            expected.append(VOCABULARY.decode(words[0].tolist()))
    assert receive(model, FadingLink(Awgn(), "perfect"), 200.0) == expected
    assert receive(model, FadingLink(Rayleigh(), "perfect"), 200.0) == expected


def test_the_same_generator_gives_the_same_sentences():
    model = untrained()
    first = receive(model, FadingLink(Rayleigh(), "rough"), 3.0)
    assert receive(model, FadingLink(Rayleigh(), "rough"), 3.0) == first
    assert len(first) == len(SENTENCES)
