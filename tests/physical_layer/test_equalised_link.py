"""The learned systems' link: its gains are those of the classical link, its estimates have the stated errors."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, csi
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, FadingLink
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician

N0 = 0.1


def generator(*purpose):
    return seeds.torch_generator(3, "link", *purpose)


def shrink(matrices):
    """What an ideal refiner does to independent CN(0, 1) gains with one pilot at N0."""
    return matrices / (1 + N0)


@pytest.mark.parametrize("rows", [1, 7, 256, 300])
def test_the_gains_are_the_first_draws_as_in_the_classical_link(rows):
    h, _ = FadingLink(Rayleigh(), "perfect").gains(rows, N0, generator=generator())
    assert torch.equal(h, Rayleigh().gain(rows, generator=generator()))


@pytest.mark.parametrize("kind", csi.KINDS)
def test_every_kind_of_csi_meets_the_same_gains_and_noise(kind):
    x = torch.ones(300, 4, dtype=torch.complex64)
    n0 = torch.full((300, 1), N0)
    states = []
    for each in (kind, "perfect"):
        g = generator()
        h, _ = FadingLink(Rician(2.0), each, refine=shrink).gains(300, N0, generator=g)
        states.append((h, g.get_state()))
        FadingLink(Rician(2.0), each, refine=shrink)(x, n0, generator=generator())
    assert torch.equal(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])


def test_perfect_csi_leaves_noise_of_n0_over_the_gain():
    x = torch.ones(2000, 50, dtype=torch.complex64)
    h, _ = FadingLink(Rayleigh(), "perfect").gains(2000, N0, generator=generator("a"))
    x_hat = FadingLink(Rayleigh(), "perfect")(x, torch.full((2000, 1), N0), generator=generator("a"))
    measured = ((x_hat - x).abs().square() * h.abs().square()).mean()
    assert float(measured) == pytest.approx(N0, rel=0.02)


def test_no_csi_hands_on_what_was_received():
    x = torch.ones(300, 4, dtype=torch.complex64)
    tiny = torch.full((300, 1), 1e-9)
    h, _ = FadingLink(Rayleigh(), "none").gains(300, 1e-9, generator=generator())
    y = FadingLink(Rayleigh(), "none")(x, tiny, generator=generator())
    torch.testing.assert_close(y, h * x, atol=1e-3, rtol=0)


def test_a_refiner_gets_whole_matrices_and_its_estimate_is_used():
    seen = []

    def refine(matrices):
        seen.append(matrices.shape)
        return shrink(matrices)

    h, h_est = FadingLink(Rayleigh(), "refined", refine=refine).gains(5000, N0, generator=generator())
    assert seen == [(20, MATRIX_SIDE, MATRIX_SIDE)]
    error = float((h_est - h).abs().square().mean())
    assert error == pytest.approx(csi.mmse_mse(N0, 1), rel=0.06)


def test_refined_without_a_refiner_is_refused():
    with pytest.raises(ValueError, match="refine = None"):
        FadingLink(Rayleigh(), "refined").gains(4, N0, generator=generator())


def test_one_snr_a_call():
    x = torch.ones(2, 4, dtype=torch.complex64)
    with pytest.raises(ValueError, match=r"n0 differs between rows \(0\.1\.\.0\.2\)"):
        FadingLink(Awgn(), "perfect")(x, torch.tensor([[0.1], [0.2]]), generator=generator())


def test_the_gradient_reaches_the_sender():
    """x_hat = x + n / h: the derivative with respect to x is 1 for perfect CSI."""
    x = channels.complex_normal(8, 5, generator=generator("x")).requires_grad_()
    n0 = torch.full((8, 1), N0)
    torch.view_as_real(FadingLink(Rayleigh(), "perfect", refine=shrink)(x, n0, generator=generator())).sum().backward()
    torch.testing.assert_close(torch.view_as_real(x.grad), torch.ones(8, 5, 2), atol=1e-4, rtol=0)
