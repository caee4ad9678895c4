"""What is seen follows from the tables: where DeepSC-S surely leads, and on how many clips a score is undefined."""

import numpy as np
import pandas as pd

from semcom_lib.deepsc_s.reports import above_and_below, ceilings_seen, systems_seen, training_seen, undefined_seen
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference


def measured(**values):
    """Scores {system: SDR at 0 and 8 dB over AWGN}, all draws within 0.1 of the value."""
    rows = [
        {"system": system, "channel": "awgn", "snr_db": snr_db, "metric": "sdr_db", "value": value, "trials": 50}
        for system, pair in values.items()
        for snr_db, value in zip((0.0, 8.0), pair, strict=True)
    ]
    table = pd.DataFrame(rows)
    return Paired(table, table.value.to_numpy()[:, None] + np.linspace(-0.1, 0.1, 40))


def names() -> Names:
    return load_reference("deepsc_s").names


def test_deepsc_s_is_said_to_lie_above_where_the_whole_interval_does():
    scores = measured(deepsc_s=(5.0, 9.0), cnn=(4.0, 9.0), traditional=(0.0, 20.0), floor=(0.0, 0.0))
    text = systems_seen(scores, "sdr_db", names(), "dB").text
    assert "CNN system above at 0\N{NO-BREAK SPACE}dB" in text
    assert "below at 8\N{NO-BREAK SPACE}dB" in text
    assert "Its lead over CNN system is 0.00 to 1.00\N{NO-BREAK SPACE}dB." in text


def test_a_difference_that_is_nowhere_sure_is_said_to_be_so():
    none = pd.DataFrame({"value": [0.0], "low": [-1.0], "high": [1.0]}, index=[0.0])
    assert above_and_below(none) == "neither surely above nor below at any SNR"


def test_where_the_chains_lose_nothing_their_sdr_is_said_beside_that_of_deepsc_s():
    text = ceilings_seen(measured(deepsc_s=(5.0, 9.0), traditional=(0.0, 20.0)).table, names()).text
    assert text.startswith("At 8\N{NO-BREAK SPACE}dB over AWGN")
    assert "DeepSC-S has 9.0 dB and traditional (PCM, turbo 1/3, 64-QAM) 20.0 dB: in" in text.replace("\xa0", " ")


def test_undefined_clips_are_counted_at_the_worst_point():
    rows = pd.DataFrame(
        {
            "system": ["traditional", "traditional", "deepsc_s", "floor"],
            "metric": "pesq_defined",
            "value": [0.9, 0.96, 1.0, 0.0],
            "trials": 50,
        }
    )
    text = undefined_seen(rows, "pesq", names()).text
    assert "some of the 50 clips" in text
    assert "traditional (PCM, turbo 1/3, 64-QAM) 5." in text
    assert "every clip" in undefined_seen(rows[rows.system == "deepsc_s"], "pesq", names()).text


def test_a_training_is_said_to_fall_still_only_if_its_last_loss_is_its_least():
    def history(*losses):
        return pd.DataFrame({"step": [10, 20], "validation_loss": losses})

    text = training_seen({"a": history(0.5, 0.25), "b": history(0.25, 0.5)}).text
    assert "a 0.250 after 20 steps, still falling" in text
    assert "b 0.500 after 20 steps, past its least" in text
