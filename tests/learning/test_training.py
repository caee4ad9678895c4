"""The training loop: schedules, resuming, the weights that validated best, byte-stable checkpoints."""

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.learning.training import Plan, load_checkpoint, save_checkpoint, train


def noisy_regression(model, step):
    x = torch.randn(16, 3, generator=seeds.torch_generator(1, step))
    return (model(x) - x.sum(dim=1, keepdim=True)).square().mean()


def linear_model():
    with seeds.initialising(1):
        return nn.Linear(3, 1)


def fixed_validation(model):
    return {"validation_loss": float(noisy_regression(model, "validation"))}


def run(model, resume, plan, loss=noisy_regression, validate=fixed_validation):
    return train(model, loss, plan, validate=validate, resume=resume, stage="test")


PLAN = Plan(steps=40, learning_rate=0.05, warmup_steps=5, validate_every=10, checkpoint_every=10)


def test_linear_schedule_rises_and_falls_to_almost_zero():
    rates = [PLAN.rate(step) for step in range(1, 41)]
    assert max(rates) == rates[4] == 0.05
    assert rates[0] == pytest.approx(0.01)
    assert 0 < rates[-1] < 0.002
    assert rates[:5] == sorted(rates[:5])
    assert rates[5:] == sorted(rates[5:], reverse=True)


def test_noam_schedule_is_the_papers():
    """128^-0.5 min(step^-0.5, step 4000^-1.5)  [l_deepsc Sec. IV]."""
    plan = Plan(steps=10_000, learning_rate=1.0, schedule="noam", warmup_steps=4_000)
    for step in (1, 100, 4_000, 9_000):
        assert plan.rate(step) == pytest.approx(128**-0.5 * min(step**-0.5, step * 4_000**-1.5))


def test_it_learns_and_records_every_validation(tmp_path):
    model = linear_model()
    history = run(model, tmp_path / "resume.pt", PLAN)
    assert [row["step"] for row in history] == [10, 20, 30, 40]
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    assert not (tmp_path / "resume.pt").exists()
    assert not model.training


def test_all_that_validation_measures_is_in_the_history(tmp_path):
    def validate(model):
        return {"accuracy": float(model.training), "validation_loss": 1.0, "bias": float(model.bias.detach())}

    history = run(linear_model(), tmp_path / "r.pt", PLAN, validate=validate)
    assert [list(row) for row in history] == [["step", "train_loss", "accuracy", "validation_loss", "bias"]] * 4
    assert [row["accuracy"] for row in history] == [0.0] * 4  # in evaluation mode
    assert len({row["bias"] for row in history}) == 4


def test_the_training_loss_is_the_mean_since_the_last_validation(tmp_path):
    history = run(linear_model(), tmp_path / "r.pt", PLAN, loss=lambda model, step: 0 * model.weight.sum() + step)
    assert [row["train_loss"] for row in history] == [5.5, 15.5, 25.5, 35.5]


class Killed(Exception):
    pass


def test_a_killed_run_resumes_to_the_same_weights(tmp_path):
    whole, resumed = linear_model(), linear_model()
    expected = run(whole, tmp_path / "a.pt", PLAN)

    def dies_at_25(model, step):
        if step == 25:
            raise Killed
        return noisy_regression(model, step)

    with pytest.raises(Killed):
        run(resumed, tmp_path / "b.pt", PLAN, loss=dies_at_25)
    again = linear_model()
    seen = []

    def watched(model, step):
        seen.append(step)
        return noisy_regression(model, step)

    assert run(again, tmp_path / "b.pt", PLAN, loss=watched) == expected
    assert seen[0] == 21
    assert torch.equal(again.weight, whole.weight)


def test_a_state_of_another_plan_is_not_taken_up(tmp_path):
    def dies_at_25(model, step):
        if step == 25:
            raise Killed
        return noisy_regression(model, step)

    with pytest.raises(Killed):
        run(linear_model(), tmp_path / "r.pt", PLAN, loss=dies_at_25)
    other = Plan(steps=30, learning_rate=0.01, validate_every=10, checkpoint_every=10)
    fresh, after = linear_model(), linear_model()
    run(fresh, tmp_path / "none.pt", other)
    run(after, tmp_path / "r.pt", other)
    assert torch.equal(fresh.weight, after.weight)


def test_the_weights_that_validated_best_are_kept(tmp_path):
    values = iter([1.0, 0.5, 2.0, 3.0])
    kept = []

    def validate(model):
        kept.append(model.weight.detach().clone())
        return {"validation_loss": next(values), "other": -len(kept)}

    model = linear_model()
    run(model, tmp_path / "r.pt", PLAN, validate=validate)
    assert torch.equal(model.weight, kept[1])


def test_a_loss_that_is_not_finite_stops(tmp_path):
    with pytest.raises(FloatingPointError, match="the training loss is nan at step 1"):
        run(linear_model(), tmp_path / "r.pt", PLAN, loss=lambda model, step: model.weight.sum() * float("nan"))


def test_equal_checkpoints_have_equal_bytes(tmp_path):
    for name in ("a.pt", "b.pt"):
        save_checkpoint(tmp_path / name, {"state": linear_model().state_dict(), "bits": None})
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt", "b.pt"]


def test_a_damaged_or_missing_checkpoint_is_named(tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match=r"bad\.pt is not a readable checkpoint"):
        load_checkpoint(tmp_path / "bad.pt")
    with pytest.raises(FileNotFoundError, match=r"none\.pt is missing; dvc repro trains it"):
        load_checkpoint(tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("wrong", "message"), [({"steps": 0}, "steps = 0"), ({"schedule": "cosine"}, "one of: linear, noam")]
)
def test_a_wrong_plan_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Plan(**({"steps": 1, "learning_rate": 0.1} | wrong))


def killed_at_25(model, step):
    if step == 25:
        raise Killed
    return noisy_regression(model, step)


@pytest.mark.parametrize("what", ["plan", "first weights", "experiment"])
def test_the_state_of_another_training_is_set_aside_and_never_used(tmp_path, monkeypatch, capsys, what):
    resume = tmp_path / "r.pt"
    monkeypatch.setenv("SEMCOM_EXPERIMENT", "one")
    with pytest.raises(Killed):
        run(linear_model(), resume, PLAN, loss=killed_at_25)
    kept = resume.read_bytes()
    plan, fresh, after = PLAN, linear_model(), linear_model()
    if what == "plan":
        plan = Plan(**{**vars(PLAN), "learning_rate": 0.04})
    elif what == "experiment":  # another seed, SNR range, dataset, line of code: all in the runner's fingerprint
        monkeypatch.setenv("SEMCOM_EXPERIMENT", "other")
    else:
        for model in (fresh, after):
            model.weight.data += 1
    expected = run(fresh, tmp_path / "none.pt", plan)
    capsys.readouterr()
    assert run(after, resume, plan) == expected
    assert torch.equal(fresh.weight, after.weight)
    assert (tmp_path / "r.pt.aside").read_bytes() == kept
    told = [line for line in capsys.readouterr().err.splitlines() if "set aside" in line]
    assert told == [
        f"{resume} is of another training ({what} differ): set aside as r.pt.aside, the training starts anew"
    ]


def test_without_a_fingerprint_of_code_and_data_a_training_starts_anew(tmp_path, monkeypatch):
    resume = tmp_path / "r.pt"
    with pytest.raises(Killed):
        run(linear_model(), resume, PLAN, loss=killed_at_25)
    monkeypatch.delenv("SEMCOM_EXPERIMENT")
    seen = []

    def watched(model, step):
        seen.append(step)
        return noisy_regression(model, step)

    run(linear_model(), resume, PLAN, loss=watched)
    assert seen[0] == 1


@pytest.mark.parametrize("spoil", ["foreign", "damaged", "no checkpoint", "another architecture"])
def test_a_resume_file_that_cannot_be_used_is_set_aside(tmp_path, capsys, spoil):
    resume = tmp_path / "r.pt"
    if spoil == "another architecture":
        with pytest.raises(Killed):
            run(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)), resume, PLAN, loss=killed_at_25)
    else:
        with pytest.raises(Killed):
            run(linear_model(), resume, PLAN, loss=killed_at_25)
    if spoil == "foreign":
        save_checkpoint(resume, {"state": {}})
    elif spoil == "damaged":
        data = bytearray(resume.read_bytes())
        weight = data.index(load_checkpoint(resume)["model"]["weight"].numpy().tobytes())
        data[weight] ^= 1
        resume.write_bytes(bytes(data))
    elif spoil == "no checkpoint":
        resume.write_bytes(b"nothing")
    fresh = linear_model()
    expected = run(fresh, tmp_path / "none.pt", PLAN)
    assert run(linear_model(), resume, PLAN) == expected
    assert (tmp_path / "r.pt.aside").exists()
    assert capsys.readouterr().err.count("set aside as r.pt.aside") == 1
