"""Build the model that the arguments of a training describe."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

import torch
from espnet2.enh.decoder.conv_decoder import ConvDecoder
from espnet2.enh.encoder.conv_encoder import ConvEncoder
from espnet2.enh.separator.abs_separator import AbsSeparator
from espnet2.tasks import enh
from espnet2.tasks.enh import EnhancementTask
from espnet2.train.class_choices import ClassChoices

from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
from espnet_kd.enh.layers.filterbank import fourier_filterbank
from espnet_kd.errors import UserError
from espnet_kd.registry import EQUIVALENTS, register
from espnet_kd.tasks.arguments import add_arguments
from espnet_kd.tasks.token_list import token_list

register()


def default_arguments() -> dict[str, Any]:
    """Return every argument of the KD task with its default; stock configurations lack some."""
    parser = EnhancementTask.get_parser()
    add_arguments(parser)
    return vars(parser.parse_args([]))


def build_enhancer(args: argparse.Namespace) -> ESPnetKDModel:
    """Build the model that a configuration describes, without its KD losses and its teacher."""
    encoder = make(enh.encoder_choices, args.encoder, **args.encoder_conf)
    separator_conf = dict(args.separator_conf)
    if args.separator == "text_informed_tcn" and separator_conf.get("use_text", True):
        separator_conf["vocab_size"] = len(token_list(args))
    separator = make(enh.separator_choices, args.separator, encoder.output_dim, **separator_conf)
    check_separator(separator, args.model_conf)
    decoder = make(enh.decoder_choices, args.decoder, **args.decoder_conf)
    check_stft(encoder, decoder)
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


def make(choices: ClassChoices, name: str, *arguments: object, **conf: object) -> torch.nn.Module:
    """Build an encoder, separator or decoder.

    Raises:
        UserError: the class does not take one of the arguments, or a required one is missing.
    """
    chosen = choices.get_class(name)
    try:
        inspect.signature(chosen).bind(*arguments, **conf)
    except TypeError as error:
        raise UserError(f"{choices.name}_conf", f"{chosen.__name__}: {error}") from None
    return EQUIVALENTS.get(chosen, chosen)(*arguments, **conf)


def check_separator(separator: AbsSeparator, model_conf: dict) -> None:
    """Reject a separator that would be trained only in part.

    Raises:
        UserError: it separates several speakers, or one of its losses has no weight.
    """
    if separator.num_spk != 1:
        raise UserError(
            "separator_conf, num_spk", f"{separator.num_spk} speakers", "write num_spk: 1"
        )
    computed = set(getattr(separator, "auxiliary_losses", ()))
    if unweighted := computed - set(model_conf.get("auxiliary_weights") or {}):
        raise UserError(
            "model_conf, auxiliary_weights",
            f"has no weight for '{min(unweighted)}', which separator_conf asks for",
            f"give one, e.g. {{{min(unweighted)}: 0.1}}",
        )


def check_stft(encoder: torch.nn.Module, decoder: torch.nn.Module) -> None:
    """Reject a causal STFT without its inverse: the output would be another signal.

    Raises:
        UserError: encoder or decoder is another one, or their frames have unequal lengths.
    """
    causal = isinstance(encoder, CausalSTFTEncoder), isinstance(decoder, CausalSTFTDecoder)
    if any(causal) and not (all(causal) and encoder.n_fft == decoder.n_fft):
        sizes = [getattr(part, "n_fft", "no") for part in (encoder, decoder)]
        names = f"{type(encoder).__name__} and {type(decoder).__name__}"
        raise UserError(
            "encoder and decoder",
            f"are {names} with {sizes[0]} and {sizes[1]} n_fft",
            "write causal_stft and the same n_fft for both",
        )


def start_from_fourier(model: torch.nn.Module) -> None:
    """Initialize the filters of a convolutional encoder and decoder with a Fourier basis.

    Raises:
        UserError: there are no filters, or their sizes do not fit a Fourier basis.
    """
    if not (isinstance(model.encoder, ConvEncoder) and isinstance(model.decoder, ConvDecoder)):
        raise UserError(
            "--filterbank_init fourier",
            f"{type(model.encoder).__name__} or {type(model.decoder).__name__} has no filters",
            "write filterbank_init: random",
        )
    for layer in (model.encoder.conv1d, model.decoder.convtrans1d):
        size = layer.kernel_size[0]
        if layer.stride[0] * 2 != size or max(layer.weight.shape) != 2 * size:
            raise UserError(
                "--filterbank_init fourier",
                f"kernel_size {size}, stride {layer.stride[0]}, {max(layer.weight.shape)} channels",
                "set stride = kernel_size / 2 and channel = 2 * kernel_size",
            )
        filters = fourier_filterbank(2 * size, size)
        with torch.no_grad():
            layer.weight.copy_(filters.view_as(layer.weight))
