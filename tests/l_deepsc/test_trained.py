"""Where trained systems lie: a file each, and one file where two channels mean the same training."""

from pathlib import Path

from semcom_lib.l_deepsc.trained import COMPARED, VARIANTS, refiner_file, system_file
from semcom_lib.pipeline import stages

FOLDER = Path("checkpoints/l_deepsc/fading")


def test_every_system_and_refiner_is_made_by_the_stage_of_its_channel_and_name():
    made = {
        path: dict(stage.arguments) for stage in stages.load() for path in stage.makes if path.startswith(f"{FOLDER}")
    }
    for channel, systems in COMPARED.items():
        refiner = refiner_file(FOLDER, channel).as_posix()
        assert made.pop(refiner) == {"channel": channel}
        for system in systems:
            trained_over = made[system_file(FOLDER, channel, system).as_posix()]
            assert trained_over["system"] == system
            assert trained_over["channel"] in (channel, channel.removesuffix("_correlated"))
    files = {
        system_file(FOLDER, channel, system).as_posix() for channel, systems in COMPARED.items() for system in systems
    }
    assert set(made) == files  # no stage trains what is not compared


def test_correlated_gains_need_a_training_of_their_own_only_where_the_receiver_sees_them_together():
    """A receiver of perfect or of rough CSI from one pilot looks at each gain by itself: it is the one of Rayleigh fading."""
    for system in COMPARED["rayleigh_correlated"]:
        own = system_file(FOLDER, "rayleigh_correlated", system) != system_file(FOLDER, "rayleigh", system)
        assert own is (VARIANTS[system].csi_kind == "refined" or VARIANTS[system].num_pilots > 1)
