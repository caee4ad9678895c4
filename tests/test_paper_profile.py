"""The paper profile's sizes work: one optimisation step of each training at full size."""

import torch
import yaml

from semcom_lib import channels, paths, repro, seeds, training
from semcom_lib.models.l_deepsc import DeepSC, DeepSCSizes

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
