"""A set of three utterances, and the arguments of a training on it."""

from __future__ import annotations

import argparse

UTTERANCES = {"a_SIMU": "SIMU", "b_REAL": "REAL", "c_REAL": "REAL"}
NEEDS_REFERENCE = {"mixup": {"type": "latent_mixup", "taps": ["x"]}}


def arguments(tmp_path, data, **changes):
    return argparse.Namespace(
        **{
            "output_dir": str(tmp_path / "exp"),
            "train_data_path_and_name_and_type": data,
            "valid_data_path_and_name_and_type": [],
            "train_shape_file": [str(tmp_path / "utt2num_samples")],
            "valid_shape_file": [],
            "kd_losses": NEEDS_REFERENCE,
            "supervised_weight": 1.0,
            **changes,
        }
    )
