"""The learned systems' link: rows in, rows out, through the transmission that coded systems use."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.physical_layer import channels, csi
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, EqualisedLink, csi_of_kind, refined_csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician, transmit
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation

N0 = 0.1


def generator(*purpose):
    return seeds.torch_generator(3, "link", *purpose)


def shrink(matrices):
    """What an ideal refiner does to independent CN(0, 1) gains with one pilot at N0."""
    return matrices / (1 + N0)


def test_rows_are_items():
    x = channels.complex_normal(3, 4, generator=generator("x"))
    rows = EqualisedLink(Rician(2.0), Csi("rough"))(x, N0, generator=generator())
    lengths = torch.tensor([4, 4, 4])
    items = transmit(x.flatten(), lengths, Rician(2.0), N0, csi=Csi("rough"), generator=generator()).x_hat
    assert torch.equal(rows.flatten(), items)


def test_a_row_has_an_snr_of_its_own():
    x = torch.zeros(2, 50_000, dtype=torch.complex64)
    noise = EqualisedLink(Awgn())(x, torch.tensor([[0.0], [4.0]]), generator=generator())
    assert not noise[0].any()
    assert float(noise[1].abs().square().mean()) == pytest.approx(4.0, rel=0.05)


def test_a_learned_system_and_a_coded_one_meet_the_same_fades_and_noise(monkeypatch):
    """Uncoded QPSK sent by Link, and its very symbols sent as if they were learned: the same estimates of the symbols."""
    texts, qpsk, n0 = ["semantic", "links"], Modulation("qpsk"), 0.4
    decided = []
    monkeypatch.setattr(Uncoded, "decode", lambda self, llr: decided.append(llr) or (llr > 0).view("uint8"))
    Link(Utf8(), Uncoded(2), qpsk).send(texts, Rayleigh(), n0, csi=Csi("rough"), generator=generator("both"))
    sent = [qpsk.modulate(torch.from_numpy(Utf8().encode(text))) for text in texts]
    lengths = torch.tensor([len(x) for x in sent])
    x_hat, n0_hat = transmit(torch.cat(sent), lengths, Rayleigh(), n0, csi=Csi("rough"), generator=generator("both"))
    torch.testing.assert_close(torch.from_numpy(decided[0].ravel()), qpsk.llr(x_hat, n0_hat).ravel())


def test_no_csi_hands_on_what_was_received():
    x = torch.ones(300, 4, dtype=torch.complex64)
    y = EqualisedLink(Rayleigh(), Csi("none"))(x, 1e-9, generator=generator())
    torch.testing.assert_close(y, y[:, :1].expand(300, 4), atol=1e-3, rtol=0)
    assert float(y[:, 0].abs().square().mean()) == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("num_blocks", [1, 3])
def test_a_refiner_gets_whole_matrices_of_one_block_and_its_estimate_is_used(num_blocks):
    seen = []

    def refine(matrices):
        seen.append(matrices)
        return shrink(matrices)

    h = Rayleigh().gain(5000, num_blocks, generator=generator("h"))
    more = {"more": lambda n, g: Rayleigh().gain(n, num_blocks, generator=g)}
    h_est, _ = refined_csi(refine).estimate(h, N0, **more, generator=generator())
    rough, _ = Csi("rough").estimate(h, N0, generator=generator())
    assert seen[0].shape == (num_blocks * 20, MATRIX_SIDE, MATRIX_SIDE)
    assert torch.equal(seen[0][0].flatten(), rough[: MATRIX_SIDE**2, 0])
    torch.testing.assert_close(h_est, shrink(rough))
    assert float((h_est - h).abs().square().mean()) == pytest.approx(csi.mmse_mse(N0, 1), rel=0.06)


def test_the_refiner_is_for_refined_csi_alone():
    assert csi_of_kind("rough", 3, shrink) == Csi("rough", 3)
    assert csi_of_kind("refined", 3, shrink).kind == "refined"


def test_the_gradient_reaches_the_sender():
    """x_hat = x + n / h: the derivative with respect to x is 1 for perfect CSI."""
    x = channels.complex_normal(8, 5, generator=generator("x")).requires_grad_()
    torch.view_as_real(EqualisedLink(Rayleigh())(x, N0, generator=generator())).sum().backward()
    torch.testing.assert_close(torch.view_as_real(x.grad), torch.ones(8, 5, 2), atol=1e-4, rtol=0)


def test_symbols_of_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"x is a torch.complex64 tensor \(4, 4, 8\): .* \(batch, num_symbols\)"):
        EqualisedLink(Rayleigh())(torch.ones(4, 4, 8, dtype=torch.complex64), N0, generator=generator())
