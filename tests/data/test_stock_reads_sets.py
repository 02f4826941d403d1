"""ESPnet's own programs and readers accept the set directories that this package writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from espnet_kd import host
from espnet_kd.bin.prepare_chime4 import main as prepare_chime4
from espnet_kd.bin.prepare_dump import main as prepare_dump
from espnet_kd.data.kaldi_dir import read_set

from ..tiny_models import STUDENT

SIMU = ("tr05_simu_isolated_1ch_track", "dt05_simu_isolated_1ch_track")
REAL = ("tr05_real_isolated_1ch_track", "dt05_real_isolated_1ch_track")
CLEAN = ("tr05_orig_clean", "dt05_bth")

PARTS = ("encoder", "separator", "decoder")
ENH = {
    **{key: STUDENT[key] for part in PARTS for key in (part, f"{part}_conf")},
    "criterions": [{"name": "si_snr", "conf": {}, "wrapper": "fixed_order", "wrapper_conf": {}}],
    "preprocessor": "enh",
    "preprocessor_conf": {"categories": ["1ch_SIMU", "1ch_REAL", "1ch_CLEAN"]},
}
LAYERS = {"attention_heads": 1, "linear_units": 4, "num_blocks": 1}
ASR = {
    "encoder": "transformer",
    "encoder_conf": {"output_size": 4, **LAYERS},
    "decoder": "transformer",
    "decoder_conf": LAYERS,
    "frontend_conf": {"fs": 16000},
    "token_type": "char",
}


@pytest.fixture(scope="module")
def made(chime4_template, tmp_path_factory) -> Path:
    """Make `data` and `dump/raw` as stages 1 and 2 do, and return their parent directory."""
    root = tmp_path_factory.mktemp("stock")
    prepare_chime4(
        ["--corpus", f"{chime4_template}/corpus", "--out", f"{root}/data", "--channels", "5"]
        + ["--references", f"{root}/references", "--nj", "1"]
        + ["--isolated_ext", f"{chime4_template}/isolated_ext"]
    )
    train, valid = zip(SIMU, REAL, CLEAN, strict=True)
    prepare_dump(
        ["--data", f"{root}/data", "--dump", f"{root}/dump/raw", "--nj", "1"]
        + ["--sets", *train, "--test_sets", *valid, "--token_sets", *train]
        + ["--speed_sets", SIMU[0], "--speed_perturb_factors", "0.9 1.0"]
        + ["--token_list", f"{root}/dump/token_list/char/tokens.txt"]
    )
    return root


def command(root: Path, config: dict, sets: tuple[str, str], *files: str) -> list[str]:
    """Return the arguments that ESPnet's scripts would pass for a training and a validation set."""
    path = root / "config.yaml"
    path.write_text(yaml.safe_dump({**config, "batch_size": 2, "num_workers": 0}))
    cmd = ["--config", str(path), "--ngpu", "0", "--output_dir", str(root / "exp")]
    cmd += ["--use_tensorboard", "false", "--use_matplotlib", "false"]
    for kind, name in zip(("train", "valid"), sets, strict=True):
        for file in files:
            words = f"{root}/dump/raw/{name}/{file}"
            cmd += [f"--{kind}_data_path_and_name_and_type", words]
        cmd += [f"--{kind}_shape_file", f"{root}/dump/raw/{name}/wav.scp"]
    return cmd


def shapes(root: Path, kind: str, name: str) -> dict[str, str]:
    """Read a shape file that ESPnet wrote."""
    from espnet2.fileio.read_text import read_2columns_text

    return read_2columns_text(root / f"exp/{kind}/{name}_shape")


def test_enh_train_reads_mixture_reference_and_category(made):
    host.prepare()
    from espnet2.bin.enh_train import main

    files = ("wav.scp,speech_mix,sound", "spk1.scp,speech_ref1,sound")
    cmd = command(made, ENH, SIMU, *files, "utt2category,category,text")
    main([*cmd, "--dry_run", "true"])
    assert yaml.safe_load((made / "exp/config.yaml").read_text())["separator"] == "tcn"
    main([*cmd, "--collect_stats", "true"])
    for kind, name in zip(("train", "valid"), SIMU, strict=True):
        lengths = read_set(made / "dump/raw" / name)["utt2num_samples"]
        assert len(lengths) == 4
        assert shapes(made, kind, "speech_mix") == lengths
        assert shapes(made, kind, "speech_ref1") == lengths


@pytest.mark.parametrize("sets", [REAL, CLEAN])
def test_asr_train_collects_the_lengths_in_our_files(made, sets):
    host.prepare()
    from espnet2.bin.asr_train import main

    tokens = {"token_list": f"{made}/dump/token_list/char/tokens.txt"}
    symbols = {"non_linguistic_symbols": f"{made}/dump/token_list/char/nlsyms.txt"}
    files = ("wav.scp,speech,sound", "text,text,text")
    main([*command(made, {**ASR, **tokens, **symbols}, sets, *files), "--collect_stats", "true"])
    for kind, name in zip(("train", "valid"), sets, strict=True):
        tables = read_set(made / "dump/raw" / name)
        assert shapes(made, kind, "speech") == tables["utt2num_samples"]
        ours = {u: s.partition(",")[0] for u, s in tables["text_shape.char"].items()}
        assert shapes(made, kind, "text") == ours
    assert (made / "exp/train/feats_stats.npz").exists()


def test_espnets_dataset_returns_the_samples_of_the_corpus(made):
    host.prepare()
    from espnet2.train.dataset import ESPnetDataset

    directory = made / "dump/raw" / SIMU[0]
    dataset = ESPnetDataset([(f"{directory}/wav.scp", "speech_mix", "sound")])
    tables = read_set(directory)
    for utterance, path in tables["wav.scp"].items():
        _, values = dataset[utterance]
        assert np.array_equal(values["speech_mix"], soundfile.read(path)[0].astype(np.float32))


@pytest.mark.parametrize("level", ["data", "dump/raw"])
def test_directories_meet_kaldis_requirements(made, level):
    """Files are sorted bytewise, have the same utterances, and speakers sort like utterances."""
    for directory in sorted((made / level).glob("*05_*")):
        names = ("wav.scp", "text", "utt2spk", "spk2utt", "utt2category")
        lines = {name: (directory / name).read_bytes().splitlines() for name in names}
        keys = {name: [line.split()[0] for line in lines[name]] for name in names}
        for name in names:
            assert keys[name] == sorted(set(keys[name])), f"{directory}/{name}"
        assert keys["wav.scp"] == keys["text"] == keys["utt2spk"] == keys["utt2category"]
        speakers = [line.split()[1] for line in lines["utt2spk"]]
        assert speakers == sorted(speakers)
        assert sum((line.split()[1:] for line in lines["spk2utt"]), []) == keys["utt2spk"]
        for utterance, line in zip(keys["utt2category"], lines["utt2category"], strict=True):
            assert utterance.endswith(b"_" + line.split()[1]), "ESPnet's joint models need this"


def test_feats_type_is_written_except_for_speed_perturbed_sets(made):
    """ESPnet's scripts would read a speed-perturbed set at the original speed."""
    for name in (*SIMU, *REAL, *CLEAN):
        assert (made / "dump/raw" / name / "feats_type").read_text() == "raw\n"
    assert not (made / f"dump/raw/{SIMU[0]}_sp/feats_type").exists()
