"""The paper profile's sizes work: one optimisation step of each training at full size."""

import copy
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
import torch

from semcom_lib import paths, seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS
from semcom_lib.aesc_i.classifiers import CLASSIFIERS
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.deepsc_s import task as speech
from semcom_lib.deepsc_s.features import new_codec
from semcom_lib.deepsc_s.model import FEATURES, level_of, new_model
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.trained import link_of as speech_link
from semcom_lib.deepsc_s.trained import sizes_of
from semcom_lib.digital_sc import efficientnet
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import IdealTask, TrainingImages
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork, SplitTable
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.task import PolicyTask, SplitTask
from semcom_lib.l_deepsc.compressed import Compressed
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.update import ReceivedFeatures, RoundTask, update
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.l_deepsc.transmission import features_of
from semcom_lib.l_deepsc.tuning import measure_sensitivity, prune_and_tune, quantise_and_tune, tune
from semcom_lib.l_deepsc.variants import laws
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.asked import tell
from semcom_lib.mem_deepsc.feature_task import FeatureTask
from semcom_lib.mem_deepsc.masked import Lengths, Masked
from semcom_lib.mem_deepsc.model import MemDeepSC, MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import Sentences, num_word_ids
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.mem_deepsc.trained import link_of
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.adnet_training import RefinerTask, matrices_of_items
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink, refined_csi
from semcom_lib.pipeline import profiles
from semcom_lib.sources import embedded_speech, embedded_stories, stories
from semcom_lib.sources.embedded_images import textures
from semcom_lib.sources.images import ShuffledBatches, to_tensor
from semcom_lib.sources.speech import CLIP_SAMPLES
from semcom_lib.sources.text import LengthBuckets

PARAMS = profiles.at("paper")
UNTRAINED = (5, 15)  # nats of a guess among the vocabulary: ln 10,376 = 9.2


@pytest.fixture(autouse=True)
def _checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path)


@cache
def sentences():
    """Of the greatest length, random words."""
    sizes = PARAMS["l_deepsc"]["data"]
    shape = (100, sizes["max_words"])
    return torch.randint(4, sizes["vocabulary_size"], shape, generator=seeds.torch_generator(1, "ids")).tolist()


def transceiver(bits=None):
    """Untrained, with a finite constellation where ``bits`` are given."""
    sizes = PARAMS["l_deepsc"]
    with seeds.initialising(1):
        model = DeepSC(sizes["data"]["vocabulary_size"], DeepSCSizes(layers=sizes["train"]["layers"]))
    if bits is not None:
        model.transmitter.constellation = FiniteConstellation(bits)
    return model


def refiner():
    with seeds.initialising(1):
        return ADNet(PARAMS["l_deepsc"]["train_refiner"]["width"])


def text_task(section, channel, **more):
    """What the stage of this section learns."""
    sizes = PARAMS["l_deepsc"][section]
    return TransceiverTask(
        LengthBuckets(sentences(), sizes["tokens_per_batch"]),
        sentences()[:2],
        channel,
        1,
        ("paper", section),
        snr_low_db=sizes["snr_low_db"],
        snr_high_db=sizes["snr_high_db"],
        num_negatives=sizes["num_negatives"],
        **more,
    )


def refined_task(section):
    """The same over Rician fading, with CSI refined by an untrained ADNet."""
    sizes = PARAMS["l_deepsc"][section]
    csi = refined_csi(refiner().eval(), 1)
    return text_task(section, EqualisedLink(laws(sizes["k_factor"])["rician"], csi), one_snr_a_batch=True)


def check_one_step(model, train, losses):
    """``train(model)`` takes one step: a loss in this range, and the first weight that may move does, the others do not."""
    frozen = [(weight, weight.clone()) for weight in model.parameters() if not weight.requires_grad]
    first = next(weight for weight in model.parameters() if weight.requires_grad)
    before = first.detach().clone()
    (row,) = train(model)
    assert losses[0] < row["train_loss"] < losses[1]
    assert not torch.equal(first, before)
    assert all(torch.equal(*pair) for pair in frozen)


def training_on(loss, tmp_path, learning_rate):
    """What ``check_one_step`` takes for a plain loss(model, step)."""

    def validate(model):
        return {"validation_loss": float(loss(model, 0).detach())}

    plan = training.Plan(steps=1, learning_rate=learning_rate)
    return lambda model: training.train(model, loss, plan, validate=validate, resume=tmp_path / "r.pt", stage="paper")


def test_l_deepsc_takes_one_step_at_the_papers_size():
    sizes = PARAMS["l_deepsc"]["train"]
    schedule = {key: sizes[key] for key in ("learning_rate", "schedule", "warmup_steps", "weight_decay")}
    task, plan = text_task("train", channels.awgn), training.Plan(steps=1, **schedule)
    check_one_step(transceiver(), lambda model: tune(model, task, plan, name="awgn"), UNTRAINED)


def test_the_refiner_takes_one_step_at_the_papers_size(tmp_path):
    sizes = PARAMS["l_deepsc"]["train_refiner"]
    task = RefinerTask(
        matrices_of_items(laws(sizes["k_factor"])["rician"]),
        num_pilots=1,
        snr_low_db=sizes["snr_low_db"],
        snr_high_db=sizes["snr_high_db"],
        matrices_per_batch=sizes["matrices_per_batch"],
        validation_matrices=2,
        seed=1,
        stage="paper",
        channel="rician",
    )
    check_one_step(refiner(), training_on(task.loss, tmp_path, sizes["learning_rate"]), (0, 1000))


def test_l_deepsc_takes_one_step_over_fading_with_refined_csi_at_the_papers_size():
    sizes = PARAMS["l_deepsc"]["train_fading"]
    task, plan = refined_task("train_fading"), training.Plan(steps=1, learning_rate=sizes["learning_rate"])
    check_one_step(transceiver(sizes["bits"]), lambda model: tune(model, task, plan, name="refined"), UNTRAINED)


def test_pruned_and_coarse_transceivers_take_one_step_at_the_papers_size():
    sizes, coarse = PARAMS["l_deepsc"]["train_pruned_sensitive"], PARAMS["l_deepsc"]["train_coarse"]
    task, bits = refined_task("train_pruned_sensitive"), PARAMS["l_deepsc"]["train_fading"]["bits"]

    def prune(model):
        sensitivity = measure_sensitivity(model, task, 1, sizes["sensitivity_shrinkage"])
        plan = training.Plan(steps=1, learning_rate=sizes["learning_rate"])
        return prune_and_tune(model, task, plan, sparsity=sizes["sparsities"][0], sensitivity=sensitivity)[1]

    def quantise(model):
        dense = Compressed(model, magnitude_masks(model, 0.0), 0.0)
        plan = training.Plan(steps=1, learning_rate=coarse["learning_rate"])
        return quantise_and_tune(dense, task, plan, bits=coarse["bits"][-1])[1]

    check_one_step(transceiver(bits), prune, UNTRAINED)
    check_one_step(transceiver(bits), quantise, UNTRAINED)


def test_the_clouds_first_model_takes_one_step_at_the_papers_size():
    sizes = PARAMS["l_deepsc"]["distributed_train"]
    task, plan = (
        text_task("distributed_train", channels.awgn),
        training.Plan(steps=1, learning_rate=sizes["learning_rate"]),
    )
    check_one_step(transceiver(sizes["bits"]), lambda model: tune(model, task, plan, name="dense"), UNTRAINED)


def test_the_cloud_takes_one_step_at_the_papers_size():
    sizes, first = (PARAMS["l_deepsc"][f"distributed_{name}"] for name in ("evaluate", "train"))
    csi = Csi("mmse", sizes["num_pilots"], mean=0.5, variance=0.75)
    corpus = text_task("distributed_evaluate", EqualisedLink(laws(sizes["k_factor"])["rician"], csi))
    model = transceiver(first["bits"])
    agreed = sentences()[:3]
    model.transmitter(torch.tensor(agreed))  # calibrates the constellation
    received = ReceivedFeatures(
        agreed,
        features_of(model.transmitter.eval(), agreed),  # as over a channel without noise
        tokens_per_batch=sizes["calibration_tokens_per_batch"],
        seed=1,
        purpose=("paper", "agreed"),
    )
    cloud = Cloud(model, magnitude_masks(model, first["compressed_sparsity"]), sizes["compressed_bits"])
    cloud.publish()
    plan = training.Plan(steps=1, learning_rate=sizes["learning_rate"])
    outcome = update(cloud, RoundTask(2, [corpus, received], corpus), plan, name="paper")
    assert UNTRAINED[0] < outcome.loss_after < UNTRAINED[1]


@pytest.mark.parametrize("profile", ["laptop", "demo", "paper"])
def test_the_cloud_and_its_devices_agree_on_what_is_late(profile):
    sections = profiles.at(profile)["l_deepsc"]
    assert sections["distributed_train"]["first_late_day"] == sections["distributed_evaluate"]["first_late_day"]


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_the_image_classifiers_take_one_step_at_the_papers_size(tmp_path, images):
    sizes = PARAMS["aesc_i"][f"classifier_{images}"]
    with seeds.initialising(1):
        model = CLASSIFIERS[images](sizes["width"])
    generator = seeds.torch_generator(1, "images")
    shape = {"digits": (1, 28, 28), "pictures": (3, 32, 32)}[images]
    x = torch.rand(sizes["images_per_batch"], *shape, generator=generator)
    labels = torch.randint(10, (len(x),), generator=generator)
    train = training_on(lambda model, step: model.loss(x, labels), tmp_path, sizes["learning_rate"])
    check_one_step(model, train, (1.5, 4))  # an untrained guess among ten classes: ln 10 = 2.3


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_aesc_i_takes_one_step_at_the_papers_size(tmp_path, images):
    sizes = PARAMS["aesc_i"][f"train_{images}"]
    width = PARAMS["aesc_i"][f"classifier_{images}"]["width"]
    with seeds.initialising(1):
        model, classifier = AUTOENCODERS[images](sizes["z_dims"][0]), CLASSIFIERS[images](width)
    classifier.eval().requires_grad_(False)
    shape = (sizes["images_per_batch"], *model.image_shape)
    x = torch.rand(shape, generator=seeds.torch_generator(1, "images"))
    train = training_on(
        lambda model, step: model.loss(x, classifier, sizes["gammas"][0], 1.0).total, tmp_path, sizes["learning_rate"]
    )
    check_one_step(
        model, train, (0.03, 1)
    )  # uniform noise against grey: BCE ln 2, halved by gamma; MSE 1 / 12 and more


MEM_DEEPSC = PARAMS["mem_deepsc"]
MEMORY_SIZES = MemDeepSCSizes(**{size.name: MEM_DEEPSC["semantic_train"][size.name] for size in fields(MemDeepSCSizes)})
GUESSED = (1, 4)  # nats of a guess among the five answers of generated stories: ln 5 = 1.6


@cache
def heard():
    """Generated stories, and one of longer sentences and more of them than the memory holds: their words, ids and questions."""
    told = embedded_stories.tell(1, 60, 1, "train")
    said = (" ".join(["alma"] * MEMORY_SIZES.max_words),) * (MEMORY_SIZES.memory + 1)
    long = told[0]._replace(sentences=said, questions=(told[0].questions[0]._replace(num_sentences=len(said)),))
    vocabulary, answers = stories.vocabulary(told), stories.answer_classes(told)
    sentences = Sentences(vocabulary, MEMORY_SIZES.max_words)
    train, held_out = (
        asked.of([sentences.index(text) for text in texts])
        for texts, asked in (tell(part, answers, MEMORY_SIZES.memory) for part in (told, [long]))
    )
    return num_word_ids(vocabulary), len(answers), sentences.ids, train, held_out


def memory_system():
    with seeds.initialising(1):
        return MemDeepSC(*heard()[:2], MEMORY_SIZES)


def snrs_of(section):
    return {name: MEM_DEEPSC[section][name] for name in ("snr_low_db", "snr_high_db")}


def imperfect(section):
    return link_of("rician_imperfect", MEM_DEEPSC[section]["k_factor"], MEM_DEEPSC[section]["error_variance"])


def answer_task(section):
    sizes = MEM_DEEPSC[section]
    over = {"link": None} if section == "semantic_train" else {"link": imperfect(section), **snrs_of(section)}
    questions_per_batch = sizes["questions_per_batch"]
    return AnswerTask(*heard()[2:], **over, seed=1, purpose=("paper", section), questions_per_batch=questions_per_batch)


def training_of(task, tmp_path, learning_rate):
    plan, resume = training.Plan(steps=1, learning_rate=learning_rate), tmp_path / "r.pt"
    return lambda model: training.train(model, task.loss, plan, validate=task.validate, resume=resume, stage="paper")


@pytest.mark.parametrize("section", ["semantic_train", "joint_train"])
def test_mem_deepsc_takes_one_step_at_the_papers_size(tmp_path, section):
    rate = MEM_DEEPSC[section]["learning_rate" if section == "semantic_train" else "joint_learning_rate"]
    check_one_step(memory_system(), training_of(answer_task(section), tmp_path, rate), GUESSED)


def test_the_channel_codec_of_mem_deepsc_takes_one_step_at_the_papers_size(tmp_path):
    sizes, ids, model = MEM_DEEPSC["joint_train"], heard()[2], memory_system()
    with torch.no_grad():
        z = model.encode(ids)
    task = FeatureTask(
        z,
        imperfect("joint_train"),
        seed=1,
        purpose=("paper", "features"),
        sentences_per_batch=sizes["sentences_per_batch"],
        **snrs_of("joint_train"),
    )
    for part in (model.semantic_encoder, model.semantic_decoder):
        part.requires_grad_(False)
    width = MEMORY_SIZES.width  # and the power of a feature
    check_one_step(model, training_of(task, tmp_path, sizes["channel_learning_rate"]), (width / 2, 2 * width))


@pytest.mark.parametrize("kind", ["importance", "consecutive"])
def test_a_mask_of_mem_deepsc_takes_one_step_at_the_papers_size(tmp_path, kind):
    sizes = MEM_DEEPSC["mask_train"]
    lengths = Lengths(**{size.name: sizes[size.name] for size in fields(Lengths)})
    model = Masked(memory_system(), kind, lengths)
    check_one_step(model, training_of(answer_task("mask_train"), tmp_path, sizes["learning_rate"]), GUESSED)


DEEPSC_S = PARAMS["deepsc_s"]
SPEECH_GUESSED = (0.5, 10)  # of the power of speech; silence is 1, and what is not learnt yet is louder


@cache
def spoken():
    """Generated clips of the paper's length, float32 (2, 16,384)."""
    recordings, _ = embedded_speech.voices(2, 1, 2.1, 1)
    return np.stack([samples[:CLIP_SAMPLES] for samples in recordings.values()])


def blocks_of(sizes):
    """As this section has them, but for the size of the batch: 4."""
    return speech.Blocks(spoken(), 128, sizes["block_frames"], 4)


@pytest.mark.parametrize("setting", SETTINGS)
def test_deepsc_s_takes_one_step_at_the_papers_size(tmp_path, setting):
    sizes = DEEPSC_S[f"train_{setting}"]
    model = new_model(sizes_of(setting, "deepsc_s", sizes["num_modules"], sizes["filters"]), level_of(spoken()), seed=1)
    task = speech.SpeechTask(
        blocks_of(sizes),
        spoken(),
        speech_link("rician", sizes["k_factor"]),
        seed=1,
        purpose=("paper",),
        snr_low_db=sizes["snr_db"],
        snr_high_db=sizes["snr_db"],
    )
    check_one_step(model, training_of(task, tmp_path, sizes["learning_rate"]), SPEECH_GUESSED)


def test_the_feature_codec_of_deepsc_s_takes_one_step_at_the_papers_size(tmp_path):
    sizes = DEEPSC_S["train_features"]
    wanted = replace(FEATURES, num_modules=sizes["num_modules"], filters=sizes["filters"])
    codec = new_codec(SETTINGS["telephone"].feature_bits, level_of(spoken()), wanted, seed=1)
    task = speech.FeatureTask(blocks_of(sizes), spoken(), seed=1, purpose=("paper",))
    check_one_step(codec, training_of(task, tmp_path, sizes["learning_rate"]), SPEECH_GUESSED)


DIGITAL_SC = PARAMS["digital_sc"]
RECOGNISED = (0.5, 20)  # nats of an untrained network that normalises its layers; ln 10 = 2.3


def pictures(section):
    """Generated images by the step, as this section has them, but for the size of the batch: 16."""
    sizes, purpose = DIGITAL_SC[section], ("paper", section)
    settings = {"crop_margin": sizes["crop_margin"], "flip": sizes["flip"], "seed": 1, "purpose": purpose}
    return TrainingImages(*textures(64, 1, "train"), ShuffledBatches(64, 16, 1, *purpose), **settings)


def split_network():
    """Untrained, but for the statistics of its normalisations, without which features grow from block to block."""
    sizes = DIGITAL_SC["network_train"]
    with seeds.initialising(1):
        network = SplitResNet(sizes["blocks_per_stage"], sizes["width"])
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.momentum = None  # all of the next batch's
    with torch.no_grad():
        network(to_tensor(textures(16, 1, "train")[0]))
    for layer in layers:
        layer.momentum = 0.1
    return network


def test_the_ideal_network_of_digital_sc_takes_one_step_at_the_papers_size(tmp_path):
    sizes = DIGITAL_SC["network_train"]
    task = IdealTask(pictures("network_train"), textures(8, 1, "test"), label_smoothing=sizes["label_smoothing"])
    assert split_network().depth == 56
    check_one_step(split_network(), training_of(task, tmp_path, sizes["learning_rate"]), RECOGNISED)


def test_a_split_of_digital_sc_takes_one_step_at_the_papers_size(tmp_path):
    sizes, network = DIGITAL_SC["splits_train"], split_network()
    block = DigitalBlock(
        network.feature_shape(sizes["split"])[0], sizes["bits"], quantiser=sizes["quantiser"], labels=sizes["labels"]
    )
    model = SplitClassifier(network, sizes["split"], block).eval()
    model.start(to_tensor(textures(16, 1, "train")[0]))
    task = SplitTask(
        pictures("splits_train"),
        textures(8, 1, "test"),
        split_network().eval(),
        quality=sizes["bit_error_rate"],
        ce_weight=sizes["ce_weight"],
        soft_temperature=sizes["soft_temperature"],
        sparsity_weight=sizes["sparsity_weight"],
        steps=sizes["joint_steps"],
    )
    check_one_step(model, training_of(task, tmp_path, sizes["learning_rate"]), RECOGNISED)


def test_the_policy_of_digital_sc_takes_one_step_at_the_papers_size(tmp_path):
    sizes = DIGITAL_SC["policy_train"]
    bers, splits = sizes["error_rates"], sizes["splits"]
    accuracy = seeds.numpy_generator(1, "table").random((len(bers), len(splits), 10))
    with seeds.initialising(1):
        policy = PolicyNetwork(len(splits), sizes["width"])
    task = PolicyTask(pictures("policy_train"), textures(8, 1, "test"), SplitTable(bers, splits, accuracy))
    check_one_step(
        policy, training_of(task, tmp_path, sizes["learning_rate"]), (0.3, 2)
    )  # |h - h_hat|^2 of a guess: 0.8


def test_the_server_of_digital_sc_takes_one_step_on_imagenet_at_the_papers_size(tmp_path):
    sizes = DIGITAL_SC["imagenet_train"]
    network, purpose = efficientnet.load_efficientnet(range(1000), sizes["size"]), ("paper", "imagenet")
    images, labels = textures(24, 1, "train")
    enlarged = images.repeat(sizes["size"] // 32, axis=1).repeat(sizes["size"] // 32, axis=2)
    features, server = (
        efficientnet.features_of(network, sizes["split"], enlarged),
        efficientnet.behind(network, sizes["split"]),
    )
    block = DigitalBlock(len(features[0]), sizes["bits"])
    model = SplitClassifier(copy.deepcopy(server), 1, block).eval()
    model.start(torch.from_numpy(features))
    block.pruning.prune(sizes["num_channels"])
    task = efficientnet.FeatureTask(
        efficientnet.TrainingFeatures(
            np.stack([features] * 2), labels, ShuffledBatches(24, 16, 1, *purpose), 1, purpose
        ),
        (features[:8], labels[:8]),
        server.eval(),
        quality=sizes["bit_error_rate"],
        ce_weight=sizes["ce_weight"],
        soft_temperature=sizes["soft_temperature"],
        sparsity_weight=0.0,
        steps=sizes["steps"],
    )
    check_one_step(model, training_of(task, tmp_path, sizes["learning_rate"]), (1, 40))
