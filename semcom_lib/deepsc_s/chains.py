"""The chains of separate source and channel coding that DeepSC-S is compared with  [deepsc_s Sec. V-A, Table II].

The paper's two send PCM, or learned features of as many bits, through a turbo code of rate 1/3 and 64-QAM: as many symbols as the
learned systems', but for the 12 tail bits of each turbo block, which the paper leaves out and we send and count. The others spend
the learned systems' channel uses, exactly, otherwise: a speech codec takes fewer bits, a stronger code and QPSK protect them.
"""

from collections.abc import Mapping

from semcom_lib.arguments import shown
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.pcm import ALaw, UniformPcm
from semcom_lib.coding.speech_codec import Adpcm, Gsm
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.deepsc_s.features import FeatureCode, FeatureCodec
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Fading
from semcom_lib.physical_layer.link import Link, SourceCode
from semcom_lib.physical_layer.modulation import Modulation

TURBO_BLOCK = 512
"""Information bits of a turbo block [deepsc_s Sec. V-A1]."""


PCM: Mapping[str, SourceCode] = {"telephone": ALaw(), "multimedia": UniformPcm(16)}
SPEECH_CODECS: Mapping[str, Mapping[str, tuple[SourceCode, int, int]]] = {
    "telephone": {"adpcm_ldpc": (Adpcm(), 8_192, 16_384), "gsm_ldpc": (Gsm(), 3_399, 16_384)},
    "multimedia": {"adpcm_ldpc": (Adpcm(), 2_048, 8_192)},
}
"""Each with the k and n of its LDPC code. Blocks fill a clip of 16,384 samples: 8 of 8,192 bits, 8 of 3,399, 32 of 2,048, in QPSK
all of the learned system's symbols. GSM's codec is for 8 kHz."""


def chains(
    setting: str, law: Fading, csi: Csi = PERFECT, *, iterations: int = 5, codec: FeatureCodec | None = None
) -> dict[str, Coded]:
    """The chains of a ``setting``, "telephone" or "multimedia", over one channel; their source codes take single clips.

    - ``traditional``: A-law PCM of 8 bits or uniform PCM of 16, turbo code decoded by SOVA, 64-QAM, the paper's.
    - ``semi_traditional``: the same behind a trained feature ``codec``, if there is one.
    - ``adpcm_ldpc``: the paper lacks it. ADPCM of 4 bits a sample, 5G LDPC code, QPSK.
    - ``gsm_ldpc``: GSM full rate, for telephone speech alone, with a code of rate 0.21.

    Raises ValueError for another setting, a codec of another number of bits a sample, and as the turbo code for ``iterations``.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting = {shown(setting)} must be one of {', '.join(SETTINGS)}")
    turbo = TurboCode(TURBO_BLOCK, "1/3", "sova", iterations)
    sources: dict[str, SourceCode] = {"traditional": PCM[setting]}
    if codec is not None:
        expected = SETTINGS[setting].feature_bits * codec.sizes.channel_filters
        if codec.bits_per_sample != expected:
            raise ValueError(f"codec has {codec.bits_per_sample} bits a sample; {setting} PCM's {expected} are needed")
        sources["semi_traditional"] = FeatureCode(codec)
    links = {name: Link(source, turbo, Modulation("64qam")) for name, source in sources.items()}
    for name, (source, k, n) in SPEECH_CODECS[setting].items():
        links[name] = Link(source, Ldpc5G(k, n, num_bits_per_symbol=2, schedule="layered"), Modulation("qpsk"))
    return {name: Coded(link, law, csi) for name, link in links.items()}
