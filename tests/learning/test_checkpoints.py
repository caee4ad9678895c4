"""Checkpoint files: checked before they are read, and errors that name the file in one line."""

import zipfile

import pytest
import torch
from torch import nn

from semcom_lib.learning.checkpoints import fingerprint, load_checkpoint, load_state, save_checkpoint


def saved(path):
    save_checkpoint(path, {"width": 4, "state": {"weight": torch.arange(4000.0)}})
    return path


def test_altered_weights_are_refused_which_torch_would_load(tmp_path):
    path = saved(tmp_path / "a.pt")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        (info,) = (each for each in archive.infolist() if each.filename.endswith("data/0"))
    data[info.header_offset + 1000 : info.header_offset + 1400] = bytes(400)
    path.write_bytes(bytes(data))
    assert not torch.equal(torch.load(path, weights_only=True)["state"]["weight"], torch.arange(4000.0))
    with pytest.raises(
        ValueError, match=r"a\.pt is damaged \(the checksum of .*data/0 is wrong\); remove it and retrain"
    ):
        load_checkpoint(path)


@pytest.mark.parametrize("size", [0, 10, 500, 10_000])
def test_a_truncated_file_is_named(tmp_path, size):
    path = saved(tmp_path / "a.pt")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"a\.pt is not a readable checkpoint") as error:
        load_checkpoint(path)
    assert "\n" not in str(error.value)


def test_somebody_elses_checkpoint_is_named_with_what_it_lacks(tmp_path):
    path = saved(tmp_path / "a.pt")
    assert load_checkpoint(path, "width", "state")["width"] == 4
    with pytest.raises(ValueError, match=r"a\.pt is another kind of checkpoint: it has no 'vocabulary'"):
        load_checkpoint(path, "width", "vocabulary")
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match=r"a\.pt is another kind of checkpoint: it has no 'width'"):
        load_checkpoint(path, "width")


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    torch.save({"state": nn.Linear(1, 1)}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"a\.pt is not a readable checkpoint \(UnpicklingError\)"):
        load_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ({"weight": torch.zeros(1, 3)}, r"bias is missing, the model's is \(1,\)"),
        ({"weight": torch.zeros(2, 3), "bias": torch.zeros(1)}, r"weight is \(2, 3\), the model's is \(1, 3\)"),
        ({"weight": torch.zeros(1, 3), "bias": torch.zeros(1), "c": 1}, r"c is \(\), the model's is missing"),
    ],
)
def test_a_state_of_another_model_is_one_line(state, what):
    with pytest.raises(ValueError, match=rf"x\.pt holds another model: {what}") as error:
        load_state(nn.Linear(3, 1), state, "x.pt")
    assert "\n" not in str(error.value)


def test_a_fingerprint_sees_values_shapes_types_and_names():
    a = {"w": torch.arange(4.0)}
    others = [
        {"w": torch.tensor([0.0, 1.0, 2.0, 4.0])}, {"w": torch.arange(4.0).view(2, 2)}, {"v": torch.arange(4.0)},
        {"w": torch.arange(4.0).double()}, {"w": torch.arange(4.0).view(torch.int32)}, {},
    ]  # fmt: skip
    assert fingerprint(a) == fingerprint({"w": torch.arange(4.0)})
    assert fingerprint({"n": torch.tensor(3)}) != fingerprint({"n": torch.tensor(4)})
    assert len({fingerprint(each) for each in [a, *others]}) == 7
