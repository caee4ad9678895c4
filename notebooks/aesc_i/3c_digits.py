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
# sends the pixels. All three share code, modulation, noise and fades.
#
# **We deviate**: code and modulation, which the paper does not name, are ours and stand in the table of channel uses; the
# perceptual distance is the one that the axes name. **We add** the channel uses of every system, the tapped delay line of eqs. 4
# and 5, and what it costs to send the decoder.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt
from IPython.display import display

from semcom_lib import figures
from semcom_lib.aesc_i import observations, reports
from semcom_lib.ledger import claims

results = reports.load("digits")
highest = results.ratios[-1]
semantics = ["recognition_ratio", "perceptual"]
print(f"profile: {profile}; data: {results.data}; ratios: {', '.join(map(str, results.ratios))}")


def caption(channel, *notes):
    return results.caption(profile, *results.points(channel), *notes, "channel uses differ: see the table")


# %% [markdown]
# ## Fig. 3: the losses
# Binary cross-entropy (eq. 15) and the semantic loss (eq. 9), training images dashed.
# %%
figure = reports.losses(results, "BCE loss (nats)", caption=results.caption(profile, "training and validation images"))
figures.save(figure, "aesc_i", "aesc_i_fig03_losses_digits")
plt.show()
# %%
observations.losses(results, "BCE loss")
# %%
claims.show("aesc_i", exhibit="fig03", partial=partial)
# %% [markdown]
# ## Bits and channel uses
# The paper's ratios count numbers (eq. 13); "fewer bits" counts bits, against the pixels of direct transmission. JPEG has the mean
# over the test images. The decoder, which the paper's ratios leave out, is sent once a session.
# %%
reports.uses_table(results)
# %%
claims.show("aesc_i", exhibit="eq13", partial=partial)
# %% [markdown]
# ## Without a channel
# Weights and latents quantised, nothing lost on the way: where the curves below end at high SNR, on more test images than theirs,
# hence with narrower intervals. The PSNR of an image without any error counts as 100 dB.
# %%
print(f"{results.clean.images.iloc[0]} test images")
reports.without_channel(results)
# %% [markdown]
# ## Fig. 4: all ratios over AWGN
# Panels (a) and (b), the quality of pixels.
# %%
figure = reports.versus_snr(results, ["ssim", "psnr"], "awgn", caption=caption("awgn"))
figures.save(figure, "aesc_i", "aesc_i_fig04_pixels_digits_awgn")
plt.show()
# %%
observations.all_ratios(results, ["ssim", "psnr"], "awgn", paper="AESC-I below JPEG in both at high SNR")
# %%
claims.show("aesc_i", exhibit="fig04_pixels", partial=partial)
# %% [markdown]
# Panels (c) and (d), what is recognised and how alike it looks to a network: a smaller distance is better.
# %%
figure = reports.versus_snr(results, semantics, "awgn", caption=caption("awgn"))
figures.save(figure, "aesc_i", "aesc_i_fig04_semantics_digits_awgn")
plt.show()
# %%
observations.all_ratios(results, semantics, "awgn", paper="AESC-I ahead of JPEG in both at medium and high SNR")
# %%
claims.show("aesc_i", exhibit="fig04_semantics", partial=partial)
# %%
for metric in ["ssim", "psnr", *semantics]:
    display(reports.numbers(results, metric, "awgn"))
# %% [markdown]
# ## Fig. 5: the highest ratio over AWGN, against direct transmission
# The channel uses of the three systems that are drawn, then the curves.
# %%
reports.uses_table(results, highest)
# %%
figure = reports.versus_snr(results, semantics[::-1], "awgn", ratio=highest, caption=caption("awgn"))
figures.save(figure, "aesc_i", "aesc_i_fig05_digits_awgn")
plt.show()
# %%
observations.one_ratio(
    results, semantics[::-1], "awgn", highest, paper="both at the bound, and AESC-I's cliff the softer one"
)
# %%
claims.show("aesc_i", exhibit="fig05", partial=partial)
# %% [markdown]
# ## Fig. 6: the same over slow Rayleigh fading
# One fade a session: where it is deep, decoder and images are lost together.
# %%
figure = reports.versus_snr(results, semantics[::-1], "rayleigh", ratio=highest, caption=caption("rayleigh"))
figures.save(figure, "aesc_i", "aesc_i_fig06_digits_rayleigh")
plt.show()
# %%
observations.one_ratio(results, semantics[::-1], "rayleigh", highest, paper="AESC-I ahead of JPEG in both")
# %%
claims.show("aesc_i", exhibit="fig06", partial=partial)
# %%
for metric in semantics:
    display(reports.numbers(results, metric, "rayleigh"))
# %% [markdown]
# ## The tapped delay line
# Eqs. 4 and 5, which the paper models and does not show.
# %%
figure = reports.versus_snr(results, semantics[::-1], "delay_line", ratio=highest, caption=caption("delay_line"))
figures.save(figure, "aesc_i", "aesc_i_digits_delay_line")
plt.show()
# %%
observations.one_ratio(results, semantics[::-1], "delay_line", highest)
# %% [markdown]
# ## Figs. 7 and 8: images to look at
# The same test images at every SNR, over AWGN and over slow Rayleigh fading.
# %%
figure = reports.strips(
    results, "awgn", caption=results.caption(profile, f"ratio {highest}", results.channel_name("awgn"))
)
figures.save(figure, "aesc_i", "aesc_i_fig07_strips_digits_awgn")
plt.show()
# %%
observations.strips(results, "awgn")
# %%
claims.show("aesc_i", exhibit="fig07", partial=partial)
# %%
figure = reports.strips(
    results, "rayleigh", caption=results.caption(profile, f"ratio {highest}", results.channel_name("rayleigh"))
)
figures.save(figure, "aesc_i", "aesc_i_fig08_strips_digits_rayleigh")
plt.show()
# %%
observations.strips(results, "rayleigh")
# %%
claims.show("aesc_i", exhibit="fig08", partial=partial)
# %% [markdown]
# ## What the decoder costs
# The number of images from which a decoder sent once and the latents together take fewer channel uses than another system; "never"
# where the latents alone take as many.
# %%
reports.break_even_table(results)
# %%
figure = reports.uses_against_images(
    results, highest, caption=results.caption(profile, f"ratio {highest}, one decoder for all images")
)
figures.save(figure, "aesc_i", "aesc_i_decoder_uses_digits")
plt.show()
# %%
observations.uses(results, highest)
# %% [markdown]
# Bit errors behind the channel decoder, put into the decoder's weights alone and into the latents alone.
# %%
trials = results.decoder_errors.trials.iloc[0]
figure = reports.decoder_errors(
    results, semantics, caption=results.caption(profile, f"ratio {highest}, {trials} trials a point, 95 % bands")
)
figures.save(figure, "aesc_i", "aesc_i_decoder_errors_digits")
plt.show()
# %%
observations.decoder_errors(results, semantics)
