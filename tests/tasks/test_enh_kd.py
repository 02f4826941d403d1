"""The KD task: building models, rejecting settings, training and resuming."""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from espnet2.enh.separator.tcn_separator import TCNSeparator
from espnet2.tasks import enh

from espnet_kd import host
from espnet_kd.bin.enh_kd_train import main
from espnet_kd.data.audio import write_samples
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.enh.fast import execution
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.enh.preprocessor import EnhKDPreprocessor
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.checks import criteria
from espnet_kd.tasks.enh_kd import EnhKDTask

from ..tiny_models import STUDENT

CONF = Path(__file__).parents[2] / "conf"
TOKENS = ["<blank>", "<unk>", "<NOISE>", "<space>", *"ABC", "<sos/eos>"]
FILTERS = {"channel": 40, "kernel_size": 20, "stride": 10}
TINY = {
    **STUDENT,
    "encoder_conf": FILTERS,
    "decoder_conf": FILTERS,
    "filterbank_init": "random",
    "best_model_criterion": [["valid", "si_snr_loss", "min"]],
    "keep_nbest_models": 2,
}
TEXT_INFORMED = {
    **TINY,
    "separator": "text_informed_tcn",
    "separator_conf": {
        "layer": 2,
        "stack": 1,
        "bottleneck_dim": 8,
        "hidden_dim": 16,
        "prior_width": 40.0,
        "guided_attention": True,
        "text_conf": {"dim": 8, "num_blocks": 1, "num_heads": 2, "ffn_dim": 16},
        "fusion_conf": {"num_blocks": 1, "num_heads": 2, "query_stride": 8, "zero_init": True},
    },
    "model_conf": {"auxiliary_weights": {"guided_attention": 0.1}},
}


def parse(**changes):
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update({**TINY, **changes})
    return args


def test_build_stock_separator():
    model = EnhKDTask.build_model(parse())
    assert type(model.separator) is MaskedTCNSeparator
    assert enh.separator_choices.get_class("tcn") is TCNSeparator  # unchanged for other tasks
    assert model.sample_rate == 16000
    assert [(w.criterion.name, w.weight) for w in model.loss_wrappers] == [("si_snr_loss", 1.0)]


@pytest.mark.parametrize("as_file", [True, False])
def test_build_text_informed(tmp_path, as_file):
    """The token list is a file in training and the list itself in a saved configuration."""
    tokens = TOKENS
    if as_file:
        tokens = str(tmp_path / "tokens.txt")
        Path(tokens).write_text("\n".join(TOKENS) + "\n")
    args = parse(**TEXT_INFORMED, token_list=tokens)
    model = EnhKDTask.build_model(args)
    assert isinstance(model.separator, TextInformedTCNSeparator)
    assert model.separator.text_encoder.embedding.num_embeddings == len(TOKENS)
    assert args.token_list == TOKENS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_list": None}, "--token_list: is missing"),
        ({"token_list": "nowhere/tokens.txt"}, "nowhere/tokens.txt: does not exist"),
        ({"token_list": TOKENS, "init": "xavier_uniform"}, "--init: 'xavier_uniform'"),
        (
            {"separator": "tcn", "separator_conf": {"hiden_dim": 4}},
            "separator_conf: TCNSeparator: got an unexpected keyword argument 'hiden_dim'",
        ),
        (
            {"encoder_conf": {"channel": 4, "kernel_size": 4}},
            "encoder_conf: ConvEncoder: missing a required argument: 'stride'",
        ),
        (
            {"token_list": TOKENS, "decoder_conf": {"n_fft": 4}},
            "decoder_conf: ConvDecoder: missing a required argument: 'channel'",
        ),
    ],
)
def test_build_rejects(changes, message):
    with pytest.raises(UserError, match=message):
        EnhKDTask.build_model(parse(**{**TEXT_INFORMED, **changes}))


def test_unknown_separator(capsys):
    with pytest.raises(SystemExit) as exit_code:
        EnhKDTask.get_parser().parse_args(["--separator", "tcnn"])
    assert exit_code.value.code == 2
    assert "--separator" in capsys.readouterr().err


def test_kd_preprocessor_is_used_if_asked_for():
    assert isinstance(EnhKDTask.build_preprocess_fn(parse(), train=True), EnhKDPreprocessor)
    stock = EnhKDTask.build_preprocess_fn(parse(preprocessor=None, use_preprocessor=False), True)
    assert not isinstance(stock, EnhKDPreprocessor)


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    """Set directory of eight half-second utterances, four SIMU and four REAL."""
    directory = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(0)
    names = [f"u{i}_{('SIMU', 'REAL')[i % 2]}" for i in range(8)]
    columns: dict[str, dict] = {
        name: {} for name in ("wav.scp", "spk1.scp", "utt2category", "text", "align", "utt2speed")
    }
    columns["utt2num_samples"] = {}
    for i, name in enumerate(names):
        reference = 3000 * np.sin(np.arange(8000) * (0.05 + 0.01 * i))
        mixture = reference + 1500 * rng.standard_normal(8000)
        for scp, wave in (("wav.scp", mixture), ("spk1.scp", reference)):
            path = directory / scp[:3] / f"{name}.wav"
            write_samples(path, wave.astype(np.int16))
            columns[scp][name] = path
        columns["utt2category"][name] = name[-4:]
        columns["utt2speed"][name] = (1.0, 0.9)[i // 4]
        columns["utt2num_samples"][name] = (8000, 8889)[i // 4]
        columns["text"][name] = "ABACA"[: 2 + i % 4]
        columns["align"][name] = " ".join(str(100 * k) for k in range(2 + i % 4))
    for name, values in columns.items():
        write_columns(directory / name, values)
    return directory


def command(sets: Path, output: Path, config: dict, *options: str) -> list[str]:
    """Return the arguments of a training on the set, as the recipe passes them."""
    output.parent.mkdir(exist_ok=True)
    file = output.with_suffix(".yaml")
    file.write_text(yaml.safe_dump({**config, "num_workers": 0, "seed": 0}))
    cmd = ["--config", str(file), "--output_dir", str(output), "--ngpu", "0", "--resume", "true"]
    cmd += ["--use_tensorboard", "false", "--use_matplotlib", "false"]
    for kind in ("train", "valid"):
        for data in (
            "wav.scp,speech_mix,sound",
            "spk1.scp,speech_ref1,sound",
            "utt2category,category,text",
            "utt2speed,speed,text_float",
        ):
            cmd += [f"--{kind}_data_path_and_name_and_type", f"{sets}/{data}"]
        cmd += [f"--{kind}_shape_file", f"{sets}/utt2num_samples"]
    return [*cmd, *options]


def test_train_and_resume(sets, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    chunks = {"iterator_type": "chunk", "chunk_length": 2000, "batch_size": 4}
    config, output = {**TINY, **chunks, "batch_type": "unsorted"}, tmp_path / "exp"
    main(command(sets, output, config, "--max_epoch", "1"))
    first = torch.load(output / "1epoch.pth")
    assert not (output / "2epoch.pth").exists()

    main(command(sets, output, config, "--max_epoch", "2"))
    second = torch.load(output / "2epoch.pth")
    assert all(torch.equal(torch.load(output / "1epoch.pth")[k], first[k]) for k in first)
    results = [text for text in caplog.messages if "epoch results:" in text]
    assert [text.split("epoch")[0] for text in results] == ["1", "2"]
    for text in results:
        assert text.count("si_snr_loss_SIMU=") == text.count("si_snr_loss_REAL=") == 2
        assert "nan" not in text

    average = torch.load(output / "valid.si_snr_loss.ave_2best.pth")
    assert average.keys() == first.keys()
    for key, value in average.items():
        torch.testing.assert_close(value, (first[key] + second[key]) / 2)


@pytest.mark.parametrize("stock", [True, False])
def test_killed_before_the_weights_of_the_last_epoch_are_written(
    sets, tmp_path, monkeypatch, stock
):
    """What stock ESPnet leaves lacks 1epoch.pth, so there is nothing to average in the end."""
    config = {**TINY, "iterator_type": "sequence", "batch_type": "unsorted", "batch_size": 4}
    train = command(sets, tmp_path / "exp", {**config, "max_epoch": 2})
    save = torch.save.__wrapped__ if stock else torch.save

    def save_and_die(obj, path, *args, **kwargs):
        save(obj, path, *args, **kwargs)
        if path.name == "checkpoint.pth":
            raise KeyboardInterrupt

    monkeypatch.setattr(host, "save_whole_checkpoints", lambda: None)  # it is already in effect
    monkeypatch.setattr(torch, "save", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        main(train)
    monkeypatch.setattr(torch, "save", save)
    if stock:
        with pytest.raises(SystemExit, match="1epoch.pth: does not exist, but epoch 1 is one of"):
            main(train)
        return
    main(train)
    states = [torch.load(tmp_path / f"exp/{name}epoch.pth") for name in (1, 2)]
    average = torch.load(tmp_path / "exp/valid.si_snr_loss.ave_2best.pth")
    for key, value in average.items():
        torch.testing.assert_close(value, (states[0][key] + states[1][key]) / 2)


@pytest.mark.parametrize("name", ["se/conv_tasnet.yaml", "mini/se/conv_tasnet.yaml"])
def test_each_batch_has_one_category(sets, tmp_path, monkeypatch, name):
    """Otherwise means per category, which are weighted by batch size, would be wrong."""
    seen, forward = set(), ESPnetKDModel.forward

    def record(self, **batch):
        categories = tuple(batch["utt2category"].unique().tolist())
        seen.add((self.training, categories, len(batch["utt2category"])))
        return forward(self, **batch)

    monkeypatch.setattr(ESPnetKDModel, "forward", record)
    conf = yaml.safe_load((CONF / name).read_text())
    batches = {key: value for key, value in conf.items() if "batch" in key or "iterator" in key}
    batches |= {"fold_length": conf.get("fold_length", []), "chunk_length": 2000, "batch_size": 2}
    main(command(sets, tmp_path / "exp", {**TINY, **batches, "max_epoch": 1}))
    categories = [(CATEGORIES.index(kind),) for kind in ("SIMU", "REAL")]
    assert {(training, kinds) for training, kinds, _ in seen} == set(
        product((True, False), categories)
    )
    assert {size for training, _, size in seen if not training} == {4}


def test_train_text_informed_from_a_baseline(sets, tmp_path):
    torch.manual_seed(1)
    baseline = EnhKDTask.build_model(parse()).state_dict()
    torch.save(baseline, tmp_path / "baseline.pth")
    (tmp_path / "tokens.txt").write_text("\n".join(TOKENS) + "\n")
    # A learning rate of zero keeps the initial weights.
    config = {**TEXT_INFORMED, "optim": "sgd", "optim_conf": {"lr": 0.0}, "max_epoch": 1}
    config |= {"iterator_type": "sequence", "batch_type": "numel", "batch_bins": 40000}
    data = [
        word
        for kind in ("train", "valid")
        for file in ("text,text,text", "align,align,text_int")
        for word in (f"--{kind}_data_path_and_name_and_type", f"{sets}/{file}")
    ]
    options = ["--token_list", f"{tmp_path}/tokens.txt", "--token_type", "char"]
    options += ["--init_param", f"{tmp_path}/baseline.pth", *data]
    main(command(sets, tmp_path / "exp", config, *options))
    trained = torch.load(tmp_path / "exp/1epoch.pth")
    assert all(torch.equal(trained[key], value) for key, value in baseline.items())
    saved = yaml.safe_load((tmp_path / "exp/config.yaml").read_text())
    assert saved["token_list"] == TOKENS


def test_training_rejects_wrong_averaging(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(criteria, "is_before", lambda _: True)  # as under ESPnet 202511
    with pytest.raises(SystemExit) as exit_code:
        main(command(sets, tmp_path / "exp", TINY, "--keep_nbest_models", "1", "5"))
    assert str(exit_code.value).startswith("error: --keep_nbest_models: [1, 5]")
    assert not (tmp_path / "exp").exists()


def test_training_rejects_chunks_longer_than_any_utterance(sets, tmp_path):
    chunks = {"iterator_type": "chunk", "chunk_length": 99999, "batch_type": "unsorted"}
    with pytest.raises(SystemExit, match=r"utt2num_samples: none of .* than a chunk \(99999"):
        main(command(sets, tmp_path / "exp", {**TINY, **chunks}))
    assert not (tmp_path / "exp").exists()


@pytest.mark.parametrize("kind", ["train", "valid"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _: None, "REAL utterance 'u1_REAL' has no pseudo-reference"),
        (lambda mixture: mixture, "the reference of REAL utterance 'u1_REAL' is its noisy mixture"),
    ],
)
def test_real_needs_a_pseudo_reference(sets, tmp_path, spoil, message, kind):
    """The command stops before training with one line and writes nothing."""
    lines = dict(line.split() for line in (sets / "spk1.scp").read_text().splitlines())
    mixtures = dict(line.split() for line in (sets / "wav.scp").read_text().splitlines())
    lines["u1_REAL"] = spoil(mixtures["u1_REAL"])
    bad = tmp_path / "spk1.scp"
    write_columns(bad, {key: value for key, value in lines.items() if value})
    cmd = command(sets, tmp_path / "exp", {**TINY, "max_epoch": 1})
    option, good = f"--{kind}_data_path_and_name_and_type", f"{sets}/spk1.scp"
    for i, word in enumerate(cmd):
        if cmd[i - 1] == option:
            cmd[i] = word.replace(good, str(bad))
    with pytest.raises(SystemExit) as exit_code:
        main(cmd)
    assert str(exit_code.value) == f"error: {bad}: {message}; run the pseudo-reference stage"
    assert not (tmp_path / "exp").exists()


@pytest.mark.parametrize("num_workers", [0, 1])
def test_bad_data_stops_with_one_line(sets, tmp_path, num_workers):
    """This also holds if a worker of the data loader raises the error, which torch wraps."""
    lines = dict(line.split() for line in (sets / "wav.scp").read_text().splitlines())
    lines["u0_SIMU"] = tmp_path / "bad.wav"
    write_samples(lines["u0_SIMU"], np.ones(7999, np.int16))
    write_columns(tmp_path / "wav.scp", lines)
    config = {**TINY, "max_epoch": 1, "batch_size": 8, "batch_type": "unsorted"}
    cmd = command(sets, tmp_path / "exp", config, "--num_workers", str(num_workers))
    cmd = [word.replace(f"{sets}/wav.scp", f"{tmp_path}/wav.scp") for word in cmd]
    with pytest.raises(SystemExit) as exit_code:
        main(cmd)
    files = f"{tmp_path}/bad.wav {sets}/spk/u0_SIMU.wav"
    problem = "the mixture has 7999 samples, the reference 8000; cut both to the same segment"
    assert str(exit_code.value) == f"error: u0_SIMU ({files}): {problem}"


def test_a_rehearsal_does_not_compile(monkeypatch):
    """Compiling would use a GPU that one of the processes needs."""
    asked = []
    monkeypatch.setattr(execution, "compiler_works", lambda device: asked.append(device))
    args = parse(compile=True, ngpu=1, required=[], best_model_criterion=[["valid", "loss", "min"]])
    EnhKDTask.rehearse(args)
    assert not asked
    assert args.compile
