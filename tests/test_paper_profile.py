"""The paper profile's sizes work: one optimisation step of each training at full size."""

import pytest
import torch
import yaml

from semcom_lib import paths, seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS
from semcom_lib.aesc_i.classifiers import CLASSIFIERS
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.learning import training
from semcom_lib.physical_layer import channels, csi
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, FadingLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.pipeline import repro

PARAMS = repro.overlaid(
    yaml.safe_load((paths.ROOT / "params.yaml").read_text()),
    yaml.safe_load((paths.ROOT / "profiles" / "paper.yaml").read_text()),
    "paper.yaml",
)


def test_l_deepsc_takes_one_step_at_the_papers_size(tmp_path):
    sizes = PARAMS["l_deepsc"]["train"]
    vocabulary = PARAMS["l_deepsc"]["data"]["vocabulary_size"]
    with seeds.initialising(1):
        model = DeepSC(vocabulary, DeepSCSizes(layers=sizes["layers"]))
    before = model.embedding.weight.detach().clone()
    words = PARAMS["l_deepsc"]["data"]["max_words"]
    shape = (sizes["tokens_per_batch"] // words, words)
    ids = torch.randint(4, vocabulary, shape, generator=seeds.torch_generator(1, "ids"))

    def loss(model, step):
        n0 = torch.full((len(ids), 1), 0.1)
        generator = seeds.torch_generator(1, step)
        return model.loss(ids, channels.awgn, n0, num_negatives=sizes["num_negatives"] or None, generator=generator)

    plan = training.Plan(
        steps=1, learning_rate=sizes["learning_rate"], schedule=sizes["schedule"], warmup_steps=sizes["warmup_steps"]
    )
    (row,) = training.train(
        model, loss, plan, validate=lambda m: float(loss(m, 0)), resume=tmp_path / "r.pt", stage="paper"
    )
    assert 5 < row["train_loss"] < 15  # an untrained guess among the vocabulary: ln 10,376 = 9.2
    assert not torch.equal(model.embedding.weight, before)


def one_step(model, loss, tmp_path, **plan):
    """The loss of one optimisation step, which must move the first weight."""
    before = next(model.parameters()).detach().clone()
    (row,) = training.train(
        model,
        loss,
        training.Plan(steps=1, **plan),
        validate=lambda m: float(loss(m, 0)),
        resume=tmp_path / "r.pt",
        stage="paper",
    )
    assert not torch.equal(next(model.parameters()), before)
    return row["train_loss"]


def test_l_deepsc_takes_one_step_over_fading_with_its_refiner_at_the_papers_size(tmp_path):
    sizes = PARAMS["l_deepsc"]["train_rician"]
    with seeds.initialising(1):
        refiner = ADNet(sizes["refiner_width"])
        model = DeepSC(PARAMS["l_deepsc"]["data"]["vocabulary_size"], DeepSCSizes())
    model.constellation = FiniteConstellation(sizes["bits"])

    def refiner_loss(model, step):
        g = seeds.torch_generator(1, "matrices", step)
        h = Rician(sizes["k_factor"]).gain(8 * MATRIX_SIDE, MATRIX_SIDE, generator=g).reshape(8, MATRIX_SIDE, -1)
        return model.loss(csi.ls_estimate(h, 0.1, sizes["num_pilots"], generator=g), h)

    assert one_step(refiner, refiner_loss, tmp_path, learning_rate=sizes["refiner_learning_rate"]) > 0
    link = FadingLink(Rician(sizes["k_factor"]), "refined", sizes["num_pilots"], refiner.eval().refine)
    words = PARAMS["l_deepsc"]["data"]["max_words"]
    ids = torch.randint(4, 10_000, (sizes["tokens_per_batch"] // words, words), generator=seeds.torch_generator(1, "i"))

    def loss(model, step):
        n0 = torch.full((len(ids), 1), 0.1)
        return model.loss(ids, link, n0, num_negatives=None, generator=seeds.torch_generator(1, step))

    assert 5 < one_step(model, loss, tmp_path, learning_rate=sizes["learning_rate"]) < 15


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_the_image_classifiers_take_one_step_at_the_papers_size(tmp_path, images):
    sizes = PARAMS["aesc_i"][f"classifier_{images}"]
    with seeds.initialising(1):
        model = CLASSIFIERS[images](sizes["width"])
    generator = seeds.torch_generator(1, "images")
    shape = {"digits": (1, 28, 28), "pictures": (3, 32, 32)}[images]
    x = torch.rand(sizes["images_per_batch"], *shape, generator=generator)
    labels = torch.randint(10, (len(x),), generator=generator)
    loss = one_step(model, lambda m, step: m.loss(x, labels), tmp_path, learning_rate=sizes["learning_rate"])
    assert 1.5 < loss < 4  # an untrained guess among ten classes: ln 10 = 2.3


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_aesc_i_takes_one_step_at_the_papers_size(tmp_path, images):
    sizes = PARAMS["aesc_i"][f"train_{images}"]
    width = PARAMS["aesc_i"][f"classifier_{images}"]["width"]
    with seeds.initialising(1):
        model, classifier = AUTOENCODERS[images](sizes["z_dims"][0]), CLASSIFIERS[images](width)
    classifier.eval().requires_grad_(False)
    shape = (sizes["images_per_batch"], *model.image_shape)
    x = torch.rand(shape, generator=seeds.torch_generator(1, "images"))
    loss = one_step(
        model,
        lambda m, step: m.loss(x, classifier, sizes["gamma"]).total,
        tmp_path,
        learning_rate=sizes["learning_rate"],
    )
    assert 0.03 < loss < 1  # pixels of uniform noise against grey: BCE ln 2, halved by gamma; MSE 1 / 12 and more
