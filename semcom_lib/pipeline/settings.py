"""What every parameter may be: the one declaration of types and ranges, by name.

A name means the same in every section of params.yaml and its profiles. Where a notebook wants a list of such values, its
parameters cell has a list. A new paper's parameters are written here beside those of their kind; a test names one that is not.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from semcom_lib.pipeline.errors import PipelineError

COMMON = ("profile", "seed", "threads", "accelerator", "partial", "portable")  # at the top of params.yaml

Count = Annotated[int, Ge(1)]
CountOrNone = Annotated[int, Ge(0)]
Decibels = Annotated[float, Ge(-100), Le(100)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Part = Annotated[float, Ge(0), Lt(1)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Day = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*-[0-9-]+$")]  # as a corpus calls its sitting days
Modulation = Literal["bpsk", "qpsk", "16qam", "64qam", "256qam"]

DECLARED: tuple[tuple[Any, str], ...] = (
    (Word, "profile papers"),
    (bool, "partial portable flip from_start stepwise"),
    (Annotated[int, Ge(1), Le(1024)], "threads"),
    (Annotated[int, Ge(0), Lt(2**32)], "seed"),
    (Literal["cpu", "cuda", "mps", "auto"], "accelerator"),
    # sources
    (Literal["embedded", "europarl_1996_2001", "europarl_v7"], "corpus"),
    (Literal["mnist", "embedded_digits"], "digits"),
    (Literal["cifar10", "embedded_textures"], "pictures"),
    (Literal["imagenette", "imagenet", "embedded_textures"], "photographs"),
    (Literal["digits", "pictures"], "images"),
    (Literal["classifier", "judge"], "network"),
    (Literal["ratios", "start", "gammas"], "part"),
    (Literal["embedded", "babi"], "stories"),
    (Annotated[int, Ge(1), Le(20)], "tasks shown_tasks"),
    (CountOrNone, "stories_per_task"),
    (Literal["embedded", "picovoice", "voicebank"], "speech"),
    (Literal["telephone", "multimedia"], "setting"),
    (Count, "clips_per_recording validation_clips test_clips"),
    (Day, "first_late_day"),
    (Annotated[float, Gt(0), Lt(1)], "validation_share test_share"),
    (Annotated[int, Ge(5)], "vocabulary_size"),  # four entries are no words
    (Count, "min_words captured_sentences calibration_sentences validation_sentences test_sentences"),
    (Count, "shown_sentences validation_images shown_images max_words validation_questions test_questions memory"),
    # learning
    (Literal["linear", "noam"], "schedule"),
    (Count, "steps tuning_steps validate_every layers width"),
    (Count, "z_dims tokens_per_batch calibration_tokens_per_batch images_per_batch matrices_per_batch"),
    (Count, "validation_matrices calibration_batches sensitivity_batches questions_per_batch sentences_per_batch"),
    (Count, "num_modules filters block_frames blocks_per_batch"),
    (Count, "heads feed_forward encoder_steps decoder_steps channel_hidden channel_steps joint_steps"),
    (Count, "blocks_per_stage split splits num_channels compared_channels sparse_steps features_per_symbol"),
    (
        Count,
        "test_images chain_images rate_images statistics_images selection_images train_images size head_steps quantised_images",
    ),
    (CountOrNone, "warmup_steps tuning_warmup_steps num_negatives crop_margin"),
    (
        Annotated[float, Gt(0), Le(100)],
        "learning_rate learning_rate_without_csi system_learning_rate tuning_rate head_rate",
    ),
    (Annotated[float, Gt(0), Le(100)], "channel_learning_rate joint_learning_rate"),
    (NotNegative, "weight_decay"),
    (Annotated[float, Ge(0), Le(1)], "gamma gammas sensitivity_shrinkage ce_weight"),
    (Annotated[float, Gt(0), Le(1000)], "soft_temperature"),
    (NotNegative, "sparsity_weight"),
    (Part, "label_smoothing sparsities table_sparsities compressed_sparsity calibration_correlation"),
    (Annotated[int, Ge(1), Le(32)], "bits table_bits compressed_bits"),
    # the physical layer
    (Annotated[float, Ge(-40), Le(40)], "backoff_db"),
    (Decibels, "snr_db snrs_db snr_low_db snr_high_db outage_snrs_db table_snr_db downlink_snr_db"),
    (
        Decibels,
        "shown_snrs_db mismatch_snrs_db awgn_snrs_db slow_snrs_db multipath_snrs_db shown_awgn_snrs_db shown_slow_snrs_db",
    ),
    (Modulation, "modulation modulations"),
    (Literal["awgn", "rician", "rician_imperfect", "rayleigh", "rayleigh_correlated", "robust"], "channel"),
    (Literal["awgn", "rayleigh", "rician"], "channels"),
    (Word, "system"),
    (Literal["common", "sensitive"], "rule"),
    (Annotated[float, Gt(0), Le(100)], "smoothness"),
    (Literal["importance", "consecutive", "none"], "kind"),
    (Count, "num_symbols sizes shortest longest"),
    (Positive, "mu_max sigma_m2 minimum"),
    (Annotated[float, Ge(0), Le(1)], "margin"),
    (NotNegative, "k_factor error_variance"),
    (Part, "correlation correlations"),
    (Annotated[float, Ge(-100), Le(100)], "decay"),
    (Positive, "outage_rates bandwidth_hz"),
    (Literal["learned", "even", "range"], "quantiser"),
    (Literal["natural", "gray"], "labels"),
    (Annotated[int, Ge(1), Le(8)], "compared_bits"),
    (Annotated[float, Ge(0.2), Le(0.9)], "code_rates"),
    (Annotated[float, Ge(0), Le(0.5)], "bit_error_rate damaged_bit_error_rate error_rates bsc_rates"),
    (
        Count,
        "num_gains num_rows bits_per_row num_receive num_transmit num_pilots more_pilots num_taps num_subcarriers shown_symbols",
    ),
    # coding
    (Count, "block_bits coded_bits num_blocks iterations ldpc_iterations turbo_iterations"),
    (Count, "ldpc_block_bits ldpc_coded_bits ratios trials"),
    (Annotated[int, Ge(0), Le(100)], "qualities quality_sweep"),
    (Literal["4:2:0", "4:2:2", "4:4:4"], "subsampling"),
    (Annotated[int, Ge(1), Le(16)], "weight_bits latent_bits"),
    (Count, "images_per_session images_per_trial clean_images compared_images"),
    (Count, "awgn_sessions multipath_sessions bsc_sessions"),
    (Literal["lpips_squeeze", "feature_distance"], "perceptual"),
    # the cloud and its devices
    (Count, "rounds devices device_counts kept_versions payload_bits"),
    (list[Annotated[list[CountOrNone], Len(2, 2)]], "missed damaged"),  # [round, device]
)
KINDS = {name: kind for kind, names in DECLARED for name in names.split()}

# What values of one section have to do with each other, where a section has both.
NOT_ABOVE = (
    ("quantised_images", "test_images"),
    *(("snr_low_db", "snr_high_db"), ("min_words", "max_words"), ("shortest", "longest")),
    *(("num_taps", "num_subcarriers"), ("shown_images", "images_per_session"), ("shown_sentences", "test_sentences")),
    *(
        ("ldpc_block_bits", "ldpc_coded_bits"),
        ("block_bits", "coded_bits"),
        ("chain_images", "test_images"),
        ("quantised_images", "test_images"),
    ),
)
ENTRY_BY_ENTRY = (*(("z_dims", "ratios"), ("ratios", "qualities")),)
AMONG = (
    ("shown_awgn_snrs_db", "awgn_snrs_db"),
    ("compressed_sparsity", "table_sparsities"),
    *(("split", "splits"), ("bit_error_rate", "error_rates"), ("compared_channels", "num_channels")),
)
MAY_REPEAT = {second for _, second in ENTRY_BY_ENTRY} - {"ratios"} | {"tuning_steps", "missed", "damaged"}


def checked(name: str, given: Any, where: str, default: Any = None) -> Any:
    """``given`` as the parameter ``name`` has it, a whole number as float where it is a float's.

    ``default`` is what the notebook's parameters cell has; it decides whether a list is wanted (None: either), and the type
    of a name that is not declared here. Raises PipelineError: "<where><name>: must be ..., is ...".
    """
    adapter = _adapter_for(name, default, given)
    try:
        value: Any = adapter.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        schema = adapter.json_schema()
        for _ in first["loc"]:
            schema = schema["items"]
        place = "".join(f", entry {index + 1}" for index in first["loc"])
        raise PipelineError(f"{where}{name}{place}: must be {_words(schema)}, is {_shown(first['input'])}") from None
    repeats = [entry for i, entry in enumerate(value) if entry in value[:i]] if isinstance(value, list) else []
    if repeats and name not in MAY_REPEAT:
        raise PipelineError(f"{where}{name}: must not have an entry twice, has {repeats[0]!r} twice")
    return value


def wanted(name: str, default: Any = None) -> str:
    """What the parameter ``name`` must be, in words."""
    return _words(_adapter_for(name, default, default).json_schema())


def check_relations(values: Mapping[str, Any], where: str) -> None:
    """Raise PipelineError where two values of a section, each for itself possible, cannot be together."""

    def both(pairs: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, Any, str, Any]]:
        for first, second in pairs:
            if first in values and second in values:
                yield first, values[first], second, values[second]

    for low, less, high, more in both(NOT_ABOVE):
        if less > more:
            raise PipelineError(f"{where}{low}: must not be above {high} = {more}, is {less}")
    for first, one, second, other in both(ENTRY_BY_ENTRY):
        if isinstance(one, list) and isinstance(other, list) and len(one) != len(other):
            raise PipelineError(
                f"{where}{second}: must have an entry for each of {first} ({len(one)}), has {len(other)}"
            )
    for name, some, other, all_ in both(AMONG):
        some = some if isinstance(some, list) else [some]
        if missing := [value for value in some if value not in [*all_, *([0.0] if other == "sparsities" else [])]]:
            raise PipelineError(f"{where}{name}: must be among {other} = {all_}, is {missing[0]}")
    if values.get("validation_share", 0) + values.get("test_share", 0) >= 1:
        raise PipelineError(f"{where}test_share: must leave a part for training, with validation_share it is 1 or more")
    rounds, devices = values.get("rounds", 0), values.get("devices", 0)
    for name in ("missed", "damaged") if rounds and devices else ():
        for number, device in values.get(name, []):
            if not (1 <= number <= rounds and device < devices):
                limits = f"rounds 1 to {rounds} and devices 0 to {devices - 1}"
                raise PipelineError(f"{where}{name}: must be of {limits}, has {[number, device]}")


def _type_of(default: Any) -> Any:
    """The type that a default shows: of a list, that of its first entry."""
    first = default[0] if isinstance(default, list) and default else default
    return type(first) if isinstance(first, bool | int | float | str) else Any


def _adapter_for(name: str, default: Any, given: Any) -> TypeAdapter[Any]:
    return _adapter(KINDS.get(name) or _type_of(default), isinstance(given if default is None else default, list))


@cache
def _adapter(kind: Any, many: bool) -> TypeAdapter[Any]:
    if many and get_origin(kind) is not list:
        kind = Annotated[list[kind], Len(1)]
    return TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False))


def _words(schema: Mapping[str, Any]) -> str:
    """What a JSON schema allows, as a reader is told."""
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    match schema.get("type"):
        case "array":
            size = "a list, not empty," if schema.get("minItems") == 1 else "a list,"
            size = f"a list of {schema['maxItems']}," if "maxItems" in schema else size
            return f"{size} each entry {_words(schema['items'])}"
        case "boolean":
            return "true or false"
        case "string":
            return _PATTERNS.get(schema.get("pattern"), "a text")
        case "integer" | "number" as kind:
            bounds = [f"{words} {schema[key]:.15g}" for key, words in _BOUNDS if key in schema]
            return f"a {'whole' if kind == 'integer' else 'finite'} number {' and '.join(bounds)}".strip()
    return "a value"


_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "a name of a-z, 0-9 and _",
    r"^[a-z][a-z0-9]*-[0-9-]+$": "a sitting day such as ep-99-01-01",
}
_BOUNDS = (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<="), ("exclusiveMaximum", "<"))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
