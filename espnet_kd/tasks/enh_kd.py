"""The KD task: ESPnet's enhancement task with transcripts, categories and our models."""

from __future__ import annotations

import argparse
import copy
import inspect
from collections.abc import Callable, Sequence

import torch
from espnet2.enh.separator.abs_separator import AbsSeparator
from espnet2.iterators.chunk_iter_factory import ChunkIterFactory
from espnet2.tasks import enh
from espnet2.tasks.abs_task import IteratorOptions, scheduler_classes
from espnet2.tasks.enh import EnhancementTask
from espnet2.train.class_choices import ClassChoices
from espnet2.utils.types import str2bool, str_or_none

from espnet_kd.distill.settings import check_weight
from espnet_kd.enh.fast.execution import AUTOCAST_DTYPES, set_execution
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.enh.layers.filterbank import fourier_filterbank
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns
from espnet_kd.host import leave_process_group
from espnet_kd.registry import EQUIVALENTS, load_plugins, register
from espnet_kd.tasks.base_config import parse_with_base, take_as_options
from espnet_kd.tasks.checks.chunks import check_chunks
from espnet_kd.tasks.checks.criteria import check_averaging, check_criteria
from espnet_kd.tasks.checks.several_gpus import check_gpus, is_spawned, quiet_about_children
from espnet_kd.tasks.distillation import add_distillation, add_kd_arguments
from espnet_kd.tasks.grouped_iter_factory import GroupedIterFactory
from espnet_kd.tasks.kd_data import check_batches, check_references, keep_teachable, unteachable
from espnet_kd.tasks.kd_stages import run_stages, stage_arguments
from espnet_kd.tasks.token_list import token_list

register()


class EnhKDTask(EnhancementTask):
    """Train a baseline, a text-informed teacher or a student.

    Data names beside ESPnet's: `text` (transcript), `align` (centres of its characters in
    milliseconds), `speed` (perturbation factor), `category` (SIMU, REAL or CLEAN).
    """

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add ESPnet's enhancement arguments and ours."""
        super().add_task_arguments(parser)
        group = parser.add_argument_group(description="Knowledge distillation")
        group.add_argument("--token_type", choices=["char", "bpe"], default="char")
        group.add_argument("--token_list", type=str_or_none, help="Token list; none: no text")
        group.add_argument("--bpemodel", type=str_or_none, help="Model file of sentencepiece")
        group.add_argument(
            "--filterbank_init",
            choices=["random", "fourier"],
            default="random",
            help="Start of the convolutional encoder and decoder",
        )
        group.add_argument(
            "--second_noise_scp",
            type=str_or_none,
            help="Background recordings: each simulated mixture also comes with another noise",
        )
        group = parser.add_argument_group(description="Speed")
        group.add_argument(
            "--compile",
            type=str2bool,
            default=False,
            help="Compile the blocks of a Conv-TasNet; the start of a training takes longer",
        )
        group.add_argument(
            "--autocast_dtype",
            type=str_or_none,
            choices=AUTOCAST_DTYPES,
            help="Precision of the separator's products, on CPU and GPU; losses stay in float32",
        )
        add_kd_arguments(parser)

    @classmethod
    def main(cls, args: argparse.Namespace | None = None, cmd: Sequence[str] | None = None) -> None:
        """Train; with `kd_stages`, one training after the other."""
        if args is None:
            args = parse_with_base(cls.get_parser, cmd)
        if args.kd_stages:
            super().check_required_command_args(args)
            stages, parser = stage_arguments(args), cls.get_parser()
            for stage in stages:
                take_as_options(parser, stage)
                cls.rehearse(stage)
            run_stages(stages, args.output_dir, lambda stage: cls.main(args=stage))
            return
        if args.ngpu > 1:  # one process says what is wrong, not each
            cls.rehearse(args)
        # A batch may give no gradient to some weights, e.g. those of another category's loss.
        args.unused_parameters = args.unused_parameters or bool(args.kd_losses)
        with quiet_about_children():
            super().main(args=args)

    @classmethod
    def rehearse(cls, args: argparse.Namespace) -> None:
        """Build what a training needs and drop it, so that mistakes show before any training.

        Raises:
            UserError: settings or files with which it could not go on, or not end.
        """
        args = copy.deepcopy(args)
        args.compile = False  # or this process would take a GPU that another needs
        cls.check_required_command_args(args)
        cls._optimizers(args, cls.build_model(args))

    @classmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Add our names to ESPnet's."""
        return (*super().optional_data_names(train, inference), "text", "align", "speed")

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable | None:
        """Build EnhKDPreprocessor for `--preprocessor enh_kd`, otherwise ESPnet's."""
        if args.preprocessor != "enh_kd":
            return super().build_preprocess_fn(args, train)
        return enh.preprocessor_choices.get_class("enh_kd")(
            train=train,
            token_type=args.token_type,
            token_list=args.token_list,
            bpemodel=args.bpemodel,
            second_noise_scp=args.second_noise_scp,
            sample_rate=args.sample_rate,
            speech_volume_normalize=args.speech_volume_normalize,
            **args.preprocessor_conf,
        )

    @classmethod
    def build_chunk_iter_factory(
        cls, args: argparse.Namespace, iter_options: IteratorOptions, mode: str
    ) -> ChunkIterFactory:
        """Build ESPnet's, and let the workers send utterances in groups."""
        factory = super().build_chunk_iter_factory(args, iter_options, mode)
        factory.per_sample_iter_factory = GroupedIterFactory(factory.per_sample_iter_factory)
        return factory

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> ESPnetKDModel:
        """Build what is trained: the model of a configuration, its KD losses, its teacher."""
        if args.init is not None:
            raise UserError("--init", f"'{args.init}' is not supported", "leave it out")
        model = cls.build_enhancer(args)
        model.supervised_weight = args.supervised_weight
        if args.kd_losses:
            add_distillation(model, args)
        device = "cuda" if args.ngpu else "cpu"
        for part in (model, *([model.teacher.module] if model.teacher else [])):
            set_execution(part, args.compile, args.autocast_dtype, device)
        return model

    @classmethod
    def build_enhancer(cls, args: argparse.Namespace) -> ESPnetKDModel:
        """Build the model of a configuration alone, as it is after training."""
        encoder = make(enh.encoder_choices, args.encoder, **args.encoder_conf)
        separator_conf = dict(args.separator_conf)
        if args.separator == "text_informed_tcn":
            separator_conf["vocab_size"] = len(token_list(args))
        separator = make(
            enh.separator_choices, args.separator, encoder.output_dim, **separator_conf
        )
        check_separator(separator, args.model_conf)
        decoder = make(enh.decoder_choices, args.decoder, **args.decoder_conf)
        wrappers = []
        for entry in args.criterions:
            criterion = enh.criterion_choices.get_class(entry["name"])(**entry.get("conf", {}))
            wrapper = enh.loss_wrapper_choices.get_class(entry["wrapper"])
            wrappers.append(wrapper(criterion=criterion, **entry.get("wrapper_conf", {})))
        model = ESPnetKDModel(
            encoder=encoder,
            separator=separator,
            decoder=decoder,
            mask_module=None,
            loss_wrappers=wrappers,
            sample_rate=args.sample_rate,
            **args.model_conf,
        )
        if args.filterbank_init == "fourier":
            start_from_fourier(model)
        return model

    @classmethod
    def check_required_command_args(cls, args: argparse.Namespace) -> None:
        """Refuse, before anything is read, what would train something else than was meant."""
        super().check_required_command_args(args)
        check_gpus(args)
        check_averaging(args)
        check_weight("--supervised_weight", args.supervised_weight)
        check_references(args.train_data_path_and_name_and_type)
        check_references(args.valid_data_path_and_name_and_type)
        check_batches(args)
        check_chunks(args)
        unteachable(args)

    @classmethod
    def build_optimizers(
        cls, args: argparse.Namespace, model: torch.nn.Module
    ) -> list[torch.optim.Optimizer]:
        """Build ESPnet's, and shorten the lists: the model is right, `args` is not saved yet."""
        optimizers = cls._optimizers(args, model)
        keep_teachable(args)
        return optimizers

    @classmethod
    def _optimizers(
        cls, args: argparse.Namespace, model: torch.nn.Module
    ) -> list[torch.optim.Optimizer]:
        check_criteria(args, model)
        check_scheduler(args)
        try:
            return super().build_optimizers(args, model)
        except (TypeError, ValueError) as error:
            raise UserError("optim_conf", f"{args.optim}: {error}") from None

    @classmethod
    def main_worker(cls, args: argparse.Namespace) -> None:
        """Train, in this process or in one that ESPnet has spawned for a GPU."""
        if is_spawned():
            exit_on_user_error(cls._work)(args)
        else:
            cls._work(args)

    @classmethod
    def _work(cls, args: argparse.Namespace) -> None:
        """Train; bad data, also if a data loader's process finds it, is one line with files."""
        load_plugins(args.plugins or [])  # a spawned process has not parsed the command line
        data = [*args.train_data_path_and_name_and_type, *args.valid_data_path_and_name_and_type]
        try:
            super().main_worker(args)
        except (UserError, RuntimeError) as error:
            if (line := user_error_line(error)) is None:
                raise
            where, _, problem = line.partition(": ")
            raise UserError(with_audio_files(where, data), problem) from None
        leave_process_group()


def make(choices: ClassChoices, name: str, *arguments: object, **conf: object) -> torch.nn.Module:
    """Make an encoder, separator or decoder.

    Raises:
        UserError: the class has no such argument, or lacks one.
    """
    chosen = choices.get_class(name)
    try:
        inspect.signature(chosen).bind(*arguments, **conf)
    except TypeError as error:
        raise UserError(f"{choices.name}_conf", f"{chosen.__name__}: {error}") from None
    return EQUIVALENTS.get(chosen, chosen)(*arguments, **conf)


def check_separator(separator: AbsSeparator, model_conf: dict) -> None:
    """Refuse a separator that would be trained in part.

    Raises:
        UserError: it has several speakers, or a loss without a weight.
    """
    if separator.num_spk != 1:
        raise UserError(
            "separator_conf, num_spk", f"{separator.num_spk} speakers", "write num_spk: 1"
        )
    computed = set(getattr(separator, "auxiliary_losses", ()))
    if unweighted := computed - set(model_conf.get("auxiliary_weights") or {}):
        raise UserError(
            "model_conf, auxiliary_weights",
            f"there is no weight of '{min(unweighted)}', which separator_conf asks for",
            f"give one, e.g. {{{min(unweighted)}: 0.1}}",
        )


def check_scheduler(args: argparse.Namespace) -> None:
    """Refuse arguments that the scheduler has not, before ESPnet meets them."""
    if args.scheduler is not None:
        try:
            inspect.signature(scheduler_classes[args.scheduler]).bind(None, **args.scheduler_conf)
        except TypeError as error:
            raise UserError("scheduler_conf", f"{args.scheduler}: {error}") from None


def user_error_line(error: Exception) -> str | None:
    """Text of a UserError, also of one that torch's data loader wrapped with its trace; or None."""
    if isinstance(error, UserError):
        return str(error)
    _, found, line = str(error).rpartition(f"{UserError.__module__}.{UserError.__name__}: ")
    return line.strip() if found else None


def with_audio_files(where: str, data: list[tuple[str, str, str]]) -> str:
    """Add the audio files of an utterance to its id, as a preprocessor knows the id alone."""
    columns = [read_columns(path) for path, _, kind in data if kind in ("sound", "reference")]
    files = dict.fromkeys(table[where] for table in columns if where in table)
    return f"{where} ({' '.join(files)})" if files else where


def start_from_fourier(model: torch.nn.Module) -> None:
    """Set the filters of a convolutional encoder and decoder to a Fourier basis."""
    for layer in (model.encoder.conv1d, model.decoder.convtrans1d):
        size = layer.kernel_size[0]
        if layer.stride[0] * 2 != size or max(layer.weight.shape) != 2 * size:
            raise UserError(
                "--filterbank_init fourier",
                f"kernel_size {size}, stride {layer.stride[0]}, {max(layer.weight.shape)} channels",
                "it needs stride = kernel_size / 2 and channel = 2 * kernel_size",
            )
        filters = fourier_filterbank(2 * size, size)
        with torch.no_grad():
            layer.weight.copy_(filters.view_as(layer.weight))
