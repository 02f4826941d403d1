"""Write a page that compares KD methods: cost, scores over seeds, differences to controls."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.options import split_fields
from espnet_kd.report.method_page import MethodSources, write_method_page
from espnet_kd.report.model_table import TrainedModel

MODEL_FORM = "NAME:CONFIG:CHECKPOINT"


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--root",
        type=Path,
        required=True,
        help="contains <method>/seed<k>/ and scores/{se,wer,truth}/<method>-seed<k>/<set>/",
    )
    parser.add_argument(
        "--methods", nargs="+", required=True, help="methods in the order of the rows"
    )
    parser.add_argument("--unseeded", nargs="*", default=[], help="systems scored once, e.g. noisy")
    parser.add_argument("--control", nargs="+", required=True, help="controls to compare with")
    parser.add_argument(
        "--simu_sets", nargs="+", required=True, help="simulated sets, with references"
    )
    parser.add_argument("--real_sets", nargs="+", required=True, help="recorded sets")
    parser.add_argument(
        "--checkpoint", default="valid.si_snr_loss.ave.pth", help="weights in <method>/seed<k>/"
    )
    parser.add_argument("--model_set", default="", help="set directory to measure models with")
    parser.add_argument(
        "--model",
        nargs="*",
        default=[],
        metavar=MODEL_FORM,
        help="further models to measure, without seeds",
    )
    parser.add_argument(
        "--command",
        action="append",
        default=[],
        help="command to show on the page; may be repeated",
    )
    parser.add_argument("--out", required=True, help="page to write")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the page."""
    args = get_parser().parse_args(cmd)
    rows = [*args.unseeded, *args.methods]
    _check_once("--methods", rows)
    _check_once("--control", args.control)
    unknown = next((name for name in args.control if name not in rows), None)
    if unknown is not None:
        raise UserError("--control", f"'{unknown}' is not a row", "add it to --methods")
    if args.model and not args.model_set:
        raise UserError("--model", "needs a set to measure on", "give --model_set")
    sources = MethodSources(
        root=args.root,
        methods=args.methods,
        unseeded=args.unseeded,
        controls=args.control,
        simu_sets=args.simu_sets,
        real_sets=args.real_sets,
        checkpoint=args.checkpoint,
        other_models=[
            TrainedModel(*split_fields("--model", text, MODEL_FORM)) for text in args.model
        ],
        model_set=args.model_set,
        commands=args.command,
    )
    write_method_page(sources, args.out)
    print(args.out)


def _check_once(option: str, names: Iterable[str]) -> None:
    names = list(names)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(option, f"'{twice}' appears twice", "give each name once")


if __name__ == "__main__":
    main()
