# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     notebook_metadata_filter: -kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
# ---

# %% [markdown]
# # AESC-I, Figs. 3 to 8: digits
# **The paper claims** that "the structural similarity of AESC-I is obviously lower than that of JPEG algorithm in the high SNR
# region" and that PSNR "also shows a similar situation", but that "from the LPIPS index and recognition rate ratio [...], AESC-I
# performs better than the performance of JPEG algorithm in the region of medium and high SNR". Both "have obvious cliff effect
# [...], but the cliff effect of AESC-I is alleviated", and both reach "the upper bound of direct image transmission"
# (Sec. IV-A2). Of LPIPS it also says the opposite: "the perception distance of AESC-I is higher than JPEG". Each statement is
# judged where it is made.
#
# **We run** sessions: the quantised decoder crosses the channel first, then the latents of many images, and the receiver decodes
# with the decoder that *arrived*. JPEG sends its entropy-coded bits, its header being known, as in the paper; direct transmission
# sends the pixels. All of them meet the same bit errors.
#
# **We deviate**: code and modulation, which the paper does not name, are ours and stand in the table; the semantic loss is in units
# of M's feature variance; recognition is judged by a network that no autoencoder was trained with, beside it by M; the perceptual
# distance is the one that the axes name. Slow fading is not drawn but integrated from the AWGN counts.
#
# **We add** floors, γ swept, a binary symmetric channel, the tapped delay line of eqs. 4 and 5, what quantisation loses, bits at
# equal quality, and what it costs to send the decoder.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt
from IPython.display import display

from semcom_lib import figures
from semcom_lib.aesc_i import additions, observations, observed_additions, plots, reports
from semcom_lib.ledger import claims

results = reports.load("digits")
highest = results.ratios[-1]
semantics = ["recognition_ratio", "perceptual"]
weight_bits, latent_bits = 8, 8  # Sec. IV-A2
print(f"profile: {profile}; data: {results.data}; ratios: {', '.join(map(str, results.ratios))}; γ = {results.gamma:g}")


def caption(channel, *notes):
    return results.caption(profile, *results.points(channel), *notes, "channel uses differ: see the table")


def measured(table, trials, *notes):
    return results.caption(profile, *notes, reports.behind(table, trials))


def show(figure, name):
    figures.save(figure, "aesc_i", name)
    plt.show()


# %% [markdown]
# ## Fig. 3: the losses
# Binary cross-entropy (eq. 15) and the semantic loss (eq. 9), training images dashed, equal steps for every ratio. A loss has
# converged when the last fifth of training changed little, not when its last value is below its first.
# %%
epochs = f"{results.training.epoch.max():.1f} epochs of {results.training.images_per_epoch.iloc[0]:,} images"
figure = plots.losses(
    results, "BCE loss (nats)", caption=results.caption(profile, epochs, "the last fifth of training in grey")
)
show(figure, "aesc_i_fig03_losses_digits")
# %%
observations.losses(results, "BCE loss")
# %%
claims.show("aesc_i", exhibit="fig03", partial=partial)
# %% [markdown]
# ## What is sent
# The paper's ratios count numbers (eq. 13); "ratio in bits" is against the pixels of direct transmission, and what JPEG's ratio
# means. JPEG's bits are the mean over all test images, without its header, as in the paper. The decoder, which the paper's ratios
# leave out, is sent once a session. What one name compares is *not* equal bits: every legend below says how many an image takes.
# %%
reports.uses_table(results)
# %%
observations.sent(results)
# %%
claims.show("aesc_i", exhibit="eq13", partial=partial)
# %% [markdown]
# ## Without a channel
# Nothing is lost on the way: what the curves below reach at high SNR, and where claims about high SNR are judged. The network
# without semantic loss is AESC-I at γ = 0, with equal bits and equal training. A receiver that hears nothing can show the mean of
# the training images, or black: from these floors up a curve says something. The PSNR is that of the mean squared error over all
# images, at most 100 dB.
# %%
print(f"{results.clean.table.images.iloc[0]:,} test images")
reports.without_channel(results)
# %%
observations.without_channel(results)
# %% [markdown]
# ## What quantisation loses
# The same autoencoders with floats, and with more or fewer bits a weight and a latent.
# %%
print(f"{results.precision.table.images.iloc[0]:,} test images")
reports.precision_table(results)
# %%
observed_additions.precision(results, weight_bits, latent_bits)
# %% [markdown]
# ## γ, swept
# "In this experiment, $\gamma = 0.50$" (Sec. IV-A1): the paper does not say why.
# Its semantic loss has whatever scale the features of $M$ have; ours is in units of their variance over images, so that γ means the
# same for every $M$. Here γ alone differs, at the highest ratio: equal steps, equal batches, equal first weights. $M$ sits inside
# the loss, so recognition by $M$ is what was trained for; the judge is a second network that no autoencoder has met.
# %%
show(
    additions.gammas(results, caption=measured(results.gammas.table, "groups of images", f"ratio {highest}")),
    "aesc_i_gammas_digits",
)
# %%
observed_additions.gammas(results)
# %% [markdown]
# ## Fig. 4: all ratios over AWGN
# Where a stream's bits lie in its code blocks decides what a lost block spoils. Two readings, on the same noise: "bits of a
# session interleaved", so that errors hit all of a stream alike, and "blocks fail whole", which always hit the decoder that all
# images share and only a few of JPEG's images. Below the curves stand the paired differences, and to the right of them what is
# reached without errors, over all test images.
#
# Panels (a) and (b), the quality of pixels.
# %%
figure = plots.versus_snr(results, ["ssim", "psnr"], "awgn", readings=["session"], caption=caption("awgn"))
show(figure, "aesc_i_fig04_pixels_digits_awgn")
# %%
observations.all_ratios(results, ["ssim", "psnr"], "awgn", paper="AESC-I below JPEG in both at high SNR")
# %%
claims.show("aesc_i", exhibit="fig04_pixels", partial=partial)
# %% [markdown]
# And with blocks that fail whole.
# %%
figure = plots.versus_snr(results, ["ssim", "psnr"], "awgn", readings=["blocks"], caption=caption("awgn"))
show(figure, "aesc_i_fig04_pixels_digits_awgn_blocks")
# %%
observations.all_ratios(
    results, ["ssim", "psnr"], "awgn", reading="blocks", paper="AESC-I below JPEG in both at high SNR"
)
# %% [markdown]
# Panels (c) and (d), what is recognised and how alike it looks to a network: a smaller distance is better.
# %%
figure = plots.versus_snr(results, semantics, "awgn", readings=["session"], caption=caption("awgn"))
show(figure, "aesc_i_fig04_semantics_digits_awgn")
# %%
observations.all_ratios(results, semantics, "awgn", paper="AESC-I ahead of JPEG in both at medium and high SNR")
# %%
claims.show("aesc_i", exhibit="fig04_semantics", partial=partial)
# %% [markdown]
# And with blocks that fail whole.
# %%
figure = plots.versus_snr(results, semantics, "awgn", readings=["blocks"], caption=caption("awgn"))
show(figure, "aesc_i_fig04_semantics_digits_awgn_blocks")
# %%
observations.all_ratios(
    results, semantics, "awgn", reading="blocks", paper="AESC-I ahead of JPEG in both at medium and high SNR"
)
# %%
for metric in ["ssim", "psnr", *semantics]:
    display(reports.numbers(results, metric, "awgn", "session"))
# %% [markdown]
# ## The channel of the paper's words
# "A hypothetical binary discrete channel": a binary symmetric channel wherever the bits lie and whatever code there may be.
# %%
figure = plots.versus_ber(
    results, semantics, caption=measured(results.bsc.table, "sessions", "binary symmetric channel")
)
show(figure, "aesc_i_bsc_digits")
# %%
observed_additions.bsc(results, semantics)
# %% [markdown]
# ## Fig. 5: the highest ratio over AWGN, against direct transmission
# The channel uses of the three systems that are drawn, then the curves.
# %%
reports.uses_table(results, highest)
# %%
figure = plots.versus_snr(results, semantics[::-1], "awgn", ratio=highest, caption=caption("awgn"))
show(figure, "aesc_i_fig05_digits_awgn")
# %%
observations.one_ratio(
    results, semantics[::-1], "awgn", highest, paper="both at the bound, and AESC-I's cliff the softer one"
)
# %%
claims.show("aesc_i", exhibit="fig05", partial=partial)
# %% [markdown]
# ## Fig. 6: the same over slow Rayleigh fading
# The gain is constant over a session: at the gain $h$ a session is one over AWGN at $|h|^2$ times the SNR. What AWGN's curve
# counts is therefore integrated over $|h|^2 \sim \mathrm{Exp}(1)$, and no band owes its width to the fades that happened to be
# drawn.
# %%
figure = plots.versus_snr(results, semantics[::-1], "rayleigh", ratio=highest, caption=caption("rayleigh"))
show(figure, "aesc_i_fig06_digits_rayleigh")
# %%
observations.one_ratio(results, semantics[::-1], "rayleigh", highest, paper="AESC-I ahead of JPEG in both")
# %%
claims.show("aesc_i", exhibit="fig06", partial=partial)
# %%
for metric in semantics:
    display(reports.numbers(results, metric, "rayleigh", "session"))
# %% [markdown]
# ## The tapped delay line
# Eqs. 4 and 5, which the paper models and does not show.
# %%
figure = plots.versus_snr(results, semantics[::-1], "delay_line", ratio=highest, caption=caption("delay_line"))
show(figure, "aesc_i_digits_delay_line")
# %%
observations.one_ratio(results, semantics[::-1], "delay_line", highest)
# %% [markdown]
# ## Figs. 7 and 8: images to look at
# Two test images of different classes at every SNR, bits of a session interleaved. Over slow fading the session has the median
# gain, $|h|^2 = \ln 2$: half of all sessions fare better.
# %%
figure = plots.strips(
    results, "awgn", caption=results.caption(profile, f"ratio {highest}", results.channel_name("awgn"))
)
show(figure, "aesc_i_fig07_strips_digits_awgn")
# %%
observations.strips(results, "awgn")
# %%
claims.show("aesc_i", exhibit="fig07", partial=partial)
# %%
notes = (f"ratio {highest}", results.names.of("channel")["rayleigh"], "at the median gain")
show(plots.strips(results, "rayleigh", caption=results.caption(profile, *notes)), "aesc_i_fig08_strips_digits_rayleigh")
# %%
observations.strips(results, "rayleigh")
# %%
claims.show("aesc_i", exhibit="fig08", partial=partial)
# %% [markdown]
# ## Errors in the decoder
# Bit errors behind the channel decoder that hit the decoder's weights alone, the latents alone, or JPEG's scans: one wrong bit of
# the decoder is in every image of its session.
# %%
notes = (f"ratio {highest}", "the rate is that of the damaged part")
figure = additions.decoder_errors(
    results, semantics, caption=measured(results.decoder_errors.table, "sessions", *notes)
)
show(figure, "aesc_i_decoder_errors_digits")
# %%
observed_additions.decoder_errors(results, semantics)
# %% [markdown]
# ## Bits at equal quality
# The comparison that the paper lacks. At one *name* of a ratio systems differ in bits and in quality at once. Here the question is
# how many bits JPEG needs for what AESC-I gives. Both may use an entropy code that is fitted to training images and known to the
# receiver, as JPEG's header is: AESC-I for its latents, JPEG with Huffman tables of its own. The decoder's bits are not in this
# figure.
# %%
figure = additions.equal_quality(
    results, semantics, caption=measured(results.quality, "groups of images", "bits of an image, without the decoder")
)
show(figure, "aesc_i_equal_quality_digits")
# %%
observed_additions.equal_quality(results, semantics)
# %% [markdown]
# ## What the decoder costs
# The decoder is sent once, so that its share of an image's bits falls with the images that follow it. Rings mark from how many on
# AESC-I, decoder and all, takes fewer bits than another way to send them. The table has the same in channel uses, for all ratios;
# "never" where the latents alone take as many.
# %%
bits_of = f"JPEG's bits at equal quality: of {results.quality.images.iloc[0]:,} test images, at the ratio: of all"
figure = additions.decoder_share(
    results,
    highest,
    semantics,
    caption=results.caption(profile, f"ratio {highest}, one decoder for all images", bits_of),
)
show(figure, "aesc_i_decoder_uses_digits")
# %%
observed_additions.decoder_share(results, highest, semantics)
# %%
reports.break_even_table(results)
