"""The KD task: ESPnet's enhancement task with transcripts, categories and KD models."""

from __future__ import annotations

import argparse
import copy
import inspect
from collections.abc import Callable, Sequence

import torch
from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.tasks import enh
from espnet2.tasks.abs_task import IteratorOptions, scheduler_classes
from espnet2.tasks.enh import EnhancementTask
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.distill.settings import check_weight
from espnet_kd.enh.fast.execution import set_execution
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.host import leave_process_group
from espnet_kd.registry import load_plugins
from espnet_kd.tasks.arguments import add_arguments
from espnet_kd.tasks.base_config import parse_with_base, take_as_options
from espnet_kd.tasks.build import build_enhancer
from espnet_kd.tasks.checks.batch_sizes import check_batch_sizes
from espnet_kd.tasks.checks.batches import check_batches
from espnet_kd.tasks.checks.chunks import check_chunks
from espnet_kd.tasks.checks.criteria import check_averaging, check_criteria
from espnet_kd.tasks.checks.data_lists import categories
from espnet_kd.tasks.checks.references import check_references
from espnet_kd.tasks.checks.resume import check_resume
from espnet_kd.tasks.checks.several_gpus import (
    check_gpus,
    check_gpus_exist,
    is_spawned,
    quiet_about_children,
)
from espnet_kd.tasks.checks.unused import unused_utterances
from espnet_kd.tasks.distillation import add_distillation
from espnet_kd.tasks.given_steps import GivenStepsIterFactory, check_steps, follow
from espnet_kd.tasks.grouped_iter_factory import GroupedIterFactory
from espnet_kd.tasks.history import print_end
from espnet_kd.tasks.kd_stages import run_stages, stage_arguments
from espnet_kd.tasks.kd_trainer import KDTrainer
from espnet_kd.tasks.mixed_order import MixedOrderIterFactory
from espnet_kd.tasks.shortened_lists import drop_unused
from espnet_kd.tasks.word_errors import add_word_errors
from espnet_kd.tasks.worker_errors import user_error


class EnhKDTask(EnhancementTask):
    """Train a baseline, a text-informed teacher or a student.

    Data names in addition to ESPnet's: `text` (transcript), `align` (centers of its characters in
    milliseconds), `speed` (perturbation factor), `category` (SIMU, REAL or CLEAN).
    """

    trainer = KDTrainer

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of ESPnet's enhancement task and of the KD task."""
        super().add_task_arguments(parser)
        add_arguments(parser)

    @classmethod
    def main(cls, args: argparse.Namespace | None = None, cmd: Sequence[str] | None = None) -> None:
        """Train; with `kd_stages`, run one training after the other."""
        if args is None:
            args = parse_with_base(cls.get_parser, cmd)
        if args.steps_like:
            follow(args)
        if args.kd_stages:
            super().check_required_command_args(args)
            stages, parser = stage_arguments(args), cls.get_parser()
            for stage in stages:
                take_as_options(parser, stage)
                cls.rehearse(stage)
            run_stages(stages, args.output_dir, lambda stage: cls.main(args=stage))
            return
        if args.ngpu > 1:  # report an error once, not from each process
            cls.rehearse(args)
        check_gpus_exist(args)
        # A batch may yield no gradient for some weights, e.g. those of another category's loss.
        args.unused_parameters = args.unused_parameters or bool(args.kd_losses)
        with quiet_about_children():
            super().main(args=args)
        if not (args.collect_stats or args.dry_run):
            print_end(args.output_dir)

    @classmethod
    def rehearse(cls, args: argparse.Namespace) -> None:
        """Build what a training needs and discard it, to find mistakes before any training.

        Raises:
            UserError: the training could not start or could not finish with these settings or
                files.
        """
        args = copy.deepcopy(args)
        args.compile = False  # compiling would use a GPU that another process needs
        cls.check_required_command_args(args)
        cls.build_optimizers(args, cls.build_model(args))

    @classmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Return ESPnet's optional data names and those of the KD task."""
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
    ) -> AbsIterFactory:
        """Build ESPnet's chunk iterator; utterances come in groups, categories are mixed."""
        factory = super().build_chunk_iter_factory(args, iter_options, mode)
        factory.per_sample_iter_factory = GroupedIterFactory(factory.per_sample_iter_factory)
        kinds = set(categories(iter_options.data_path_and_name_and_type).values())
        if mode == "train" and len(kinds) > 1:
            return MixedOrderIterFactory(factory, args.seed)
        return factory

    @classmethod
    def build_iter_factory(
        cls,
        args: argparse.Namespace,
        distributed_option: DistributedOption,
        mode: str,
        kwargs: dict | None = None,
    ) -> AbsIterFactory:
        """Build ESPnet's iterator; it takes `steps_per_epoch` steps if that is set."""
        factory = super().build_iter_factory(args, distributed_option, mode, kwargs)
        if mode == "train" and args.steps_per_epoch:
            return GivenStepsIterFactory(factory, args.steps_per_epoch)
        return factory

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> ESPnetKDModel:
        """Build the model to train, with its KD losses and its teacher."""
        if args.init is not None:
            raise UserError("--init", f"'{args.init}' is not supported", "leave it out")
        model = build_enhancer(args)
        model.supervised_weight = args.supervised_weight
        if args.kd_losses:
            add_distillation(model, args)
        add_word_errors(model, args)
        device = "cuda" if args.ngpu else "cpu"
        for part in (model, *([model.teacher.module] if model.teacher else [])):
            set_execution(part, args.compile, args.autocast_dtype, device)
        return model

    @classmethod
    def check_required_command_args(cls, args: argparse.Namespace) -> None:
        """Reject arguments that would train something other than what is meant."""
        super().check_required_command_args(args)
        if getattr(args, "use_deepspeed", False):
            raise UserError("--use_deepspeed", "is not supported", "leave it out")
        check_gpus(args)
        check_averaging(args)
        check_weight("--supervised_weight", args.supervised_weight)
        check_steps(args)
        check_references(args.train_data_path_and_name_and_type)
        check_references(args.valid_data_path_and_name_and_type)
        check_batches(args)
        check_batch_sizes(args)
        check_chunks(args)
        unused_utterances(args)

    @classmethod
    def build_optimizers(
        cls, args: argparse.Namespace, model: torch.nn.Module
    ) -> list[torch.optim.Optimizer]:
        """Build ESPnet's optimizers; check the criteria, the scheduler and what is resumed."""
        check_criteria(args, model)
        check_scheduler(args)
        try:
            optimizers = super().build_optimizers(args, model)
        except (TypeError, ValueError) as error:
            raise UserError("optim_conf", f"{args.optim}: {error}") from None
        check_resume(args, model, optimizers)
        return optimizers

    @classmethod
    def build_iter_options(
        cls, args: argparse.Namespace, distributed_option: DistributedOption, mode: str
    ) -> IteratorOptions:
        """Build ESPnet's options for lists without the utterances that no loss applies to."""
        options = super().build_iter_options(args, distributed_option, mode)
        return drop_unused(options, args, "train" if mode == "train" else "valid")

    @classmethod
    def main_worker(cls, args: argparse.Namespace) -> None:
        """Train in this process, which ESPnet may have spawned for a GPU."""
        if is_spawned():
            exit_on_user_error(cls._work)(args)
        else:
            cls._work(args)

    @classmethod
    def _work(cls, args: argparse.Namespace) -> None:
        """Train; report bad data in one line with its files, even if a data loader finds it."""
        load_plugins(args.plugins or [])  # a spawned process has not parsed the command line
        data = [*args.train_data_path_and_name_and_type, *args.valid_data_path_and_name_and_type]
        try:
            super().main_worker(args)
        except (UserError, RuntimeError) as error:
            if (found := user_error(error, data)) is None:
                raise
            raise found from None
        leave_process_group()


def check_scheduler(args: argparse.Namespace) -> None:
    """Reject arguments that the scheduler does not have, before ESPnet builds it."""
    if args.scheduler is not None:
        try:
            inspect.signature(scheduler_classes[args.scheduler]).bind(None, **args.scheduler_conf)
        except TypeError as error:
            raise UserError("scheduler_conf", f"{args.scheduler}: {error}") from None
