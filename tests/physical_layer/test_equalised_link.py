"""The learned systems' link: rows in, rows out, through the transmission that coded systems use."""

import math

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.physical_layer import channels, correlation, csi
from semcom_lib.physical_layer.amplifier import Rapp
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, EqualisedLink, csi_of_kind, refined_csi
from semcom_lib.physical_layer.fading import Awgn, MatrixRayleigh, Rayleigh, Rician, child_generators, transmit
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation

N0 = 0.1


def generator(*purpose):
    return seeds.torch_generator(3, "link", *purpose)


class Shrink:
    """The ideal refiner of independent CN(0, 1) gains, which keeps what it is shown."""

    def __init__(self):
        self.shown = []

    def refine(self, h_rough, ls_error):
        self.shown.append((h_rough, ls_error))
        return h_rough / (1 + ls_error)

    def error_variance(self, ls_error):
        return ls_error / (1 + ls_error)


def test_rows_are_items():
    x = channels.complex_normal(3, 4, generator=generator("x"))
    rows = EqualisedLink(Rician(2.0), Csi("rough"))(x, N0, generator=generator())
    lengths = torch.tensor([4, 4, 4])
    items = transmit(x.flatten(), lengths, Rician(2.0), N0, csi=Csi("rough"), generator=generator()).x_hat
    assert torch.equal(rows.flatten(), items)


def test_symbols_go_through_the_amplifier_and_pilots_do_not():
    """What comes in is what the amplifier made of the symbols, under the same fades and noise, with the same CSI."""
    x = channels.complex_normal(3, 4, generator=generator("x"))
    law, known, amplifier = Rician(2.0), Csi("rough"), Rapp(-3.0)
    heard = EqualisedLink(law, known, amplifier)(x, N0, generator=generator())
    assert torch.equal(heard, EqualisedLink(law, known)(amplifier(x), N0, generator=generator()))
    assert not torch.equal(heard, EqualisedLink(law, known)(x, N0, generator=generator()))


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
    refiner = Shrink()
    h = Rayleigh().gain(5000, num_blocks, generator=generator("h"))
    more = {"more": lambda n: Rayleigh().gain(n, num_blocks, generator=generator("more"))}
    h_est, error = refined_csi(refiner, 2).estimate(h, N0, **more, generator=generator())
    rough, _ = Csi("rough", 2).estimate(h, N0, generator=generator())
    shown, ls_error = refiner.shown[0]
    assert shown.shape == (num_blocks * 20, MATRIX_SIDE, MATRIX_SIDE)
    assert torch.equal(shown[0].flatten(), rough[: MATRIX_SIDE**2, 0])
    assert ls_error.flatten().tolist() == pytest.approx([N0 / 2])
    torch.testing.assert_close(h_est, rough / (1 + N0 / 2))
    assert float(error) == pytest.approx(csi.mmse_mse(N0, 2))
    assert float((h_est - h).abs().square().mean()) == pytest.approx(csi.mmse_mse(N0, 2), rel=0.06)


def test_the_last_matrix_is_filled_with_the_gains_that_follow():
    """300 items over a law whose matrices hold 256: the refiner sees the second matrix whole, as everybody's law draws it."""
    law, refiner = MatrixRayleigh(0.9, MATRIX_SIDE), Shrink()
    x = torch.ones(300, 1, dtype=torch.complex64)
    EqualisedLink(law, refined_csi(refiner))(x, 0.0, generator=generator("fill"))
    whole = law.gain(512, generator=child_generators(generator("fill"), 3)[0])
    torch.testing.assert_close(refiner.shown[0][0].flatten(), whole[:, 0])
    y = EqualisedLink(law, Csi("none"))(x, 0.0, generator=generator("fill"))
    torch.testing.assert_close(y, whole[:300])


def test_soft_decisions_under_refined_csi_are_as_wrong_as_they_say():
    """P(wrong | LLR) is 1 / (1 + exp |LLR|), here of QPSK near |LLR| = 2; with the LS estimate's error it is far less.

    The refiner is the best that there is, the full-covariance MMSE: its error is independent of its estimate.
    """
    law, n0, count = MatrixRayleigh(0.9, MATRIX_SIDE), 0.5, 1000 * MATRIX_SIDE**2
    covariance = correlation.kronecker_covariance(
        MATRIX_SIDE, MATRIX_SIDE, correlation_receive=0.9, correlation_transmit=0.9
    )

    class Best:
        def refine(self, h_rough, ls_error):
            return csi.mmse_estimate_full(h_rough, float(ls_error), 1, covariance)

        def error_variance(self, ls_error):
            return torch.full_like(ls_error, csi.mmse_full_mse(float(ls_error), 1, covariance))

    bits = torch.randint(0, 2, (count, 2), generator=generator("bits"))
    x = torch.complex(1.0 - 2.0 * bits[:, 0], 1.0 - 2.0 * bits[:, 1]) / math.sqrt(2)
    lengths = torch.ones(count, dtype=torch.int64)
    x_hat, n0_hat = transmit(x, lengths, law, n0, csi=refined_csi(Best()), generator=generator("soft"))
    left = csi.mmse_full_mse(n0, 1, covariance)
    for reckoned, honest in ((n0_hat, True), (n0_hat * (n0 + n0) / (n0 + left), False)):
        llr = -4 * x_hat.real / math.sqrt(2) / reckoned
        near = (llr.abs() - 2).abs() < 0.25
        wrong = float(((llr > 0) != (bits[:, 0] == 1))[near].float().mean())
        expected = float((1 / (1 + llr.abs().exp()))[near].mean())
        assert (abs(wrong / expected - 1) < 0.1) == honest


def test_the_refiner_is_for_refined_csi_alone():
    assert csi_of_kind("rough", 3, Shrink()) == csi_of_kind("rough", 3, None) == Csi("rough", 3)
    assert csi_of_kind("refined", 3, Shrink()).kind == "refined"
    with pytest.raises(ValueError, match="refiner = None: 'refined' CSI needs one"):
        csi_of_kind("refined", 3, None)


def test_the_gradient_reaches_the_sender():
    """x_hat = x + n / h: the derivative with respect to x is 1 for perfect CSI."""
    x = channels.complex_normal(8, 5, generator=generator("x")).requires_grad_()
    torch.view_as_real(EqualisedLink(Rayleigh())(x, N0, generator=generator())).sum().backward()
    torch.testing.assert_close(torch.view_as_real(x.grad), torch.ones(8, 5, 2), atol=1e-4, rtol=0)


def test_symbols_of_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"x is a torch.complex64 tensor \(4, 4, 8\): .* \(batch, num_symbols\)"):
        EqualisedLink(Rayleigh())(torch.ones(4, 4, 8, dtype=torch.complex64), N0, generator=generator())
