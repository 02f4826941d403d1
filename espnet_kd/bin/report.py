"""Write RESULTS.md from scores on disk: tables, comparisons in words, a figure, models."""

from __future__ import annotations

import argparse

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.options import split_fields
from espnet_kd.report.model_table import NamedConfig, TrainedModel
from espnet_kd.report.results_page import Sources, write_results
from espnet_kd.report.set_names import SetNames
from espnet_kd.report.wording import DECODERS

OTHER_FORM = "NAME:CONFIG"
MODEL_FORM = "NAME:CONFIG:CHECKPOINT"

SETS = ("DEVELOPMENT", "TEST")


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--se_root", required=True, help="contains <system>/<set>/scores.tsv")
    parser.add_argument("--wer_root", required=True, help="contains <asr>/<system>/<set>/wer")
    parser.add_argument("--simu_sets", nargs=2, required=True, metavar=SETS, help="simulated sets")
    parser.add_argument(
        "--real_sets", nargs="*", default=[], help="recorded sets, as many as simulated, or none"
    )
    parser.add_argument("--clean_sets", nargs="*", default=[], help="clean sets, only recognized")
    parser.add_argument("--train_real_set", default="", help="set with pseudo-references")
    parser.add_argument(
        "--truth_root", help="like --se_root, for real sets scored against true images"
    )
    parser.add_argument("--pseudo", nargs="*", default=[], help="pseudo-reference directories")
    parser.add_argument("--gate", help="gate.tsv of the pseudo-references")
    parser.add_argument(
        "--model", nargs="*", default=[], metavar=MODEL_FORM, help="models to measure"
    )
    parser.add_argument(
        "--other_model",
        nargs="*",
        default=[],
        metavar=OTHER_FORM,
        help="models whose parameters are counted",
    )
    parser.add_argument("--model_set", help="set directory to measure the models with")
    parser.add_argument("--published", action="store_true", help="also show the paper's numbers")
    parser.add_argument(
        "--training",
        nargs="*",
        default=[],
        metavar="CONFIG",
        help="config.yaml of each training",
    )
    parser.add_argument(
        "--decoder", choices=sorted(DECODERS), default="joint", help="decoder of the recognizers"
    )
    parser.add_argument(
        "--observation_root",
        help="contains <asr>/<system>/<weight>/<set>/{wer,cer}, from which the weights of "
        "observation adding were chosen",
    )
    parser.add_argument(
        "--corpus",
        help="root of the corpus; if it is a generated one, its scale and seed are shown",
    )
    parser.add_argument(
        "--command",
        action="append",
        default=[],
        help="command to show on the page; may be repeated",
    )
    parser.add_argument(
        "--out", required=True, help="page to write; the figure is written next to it"
    )
    args = parser.parse_args(cmd)
    if args.model and not args.model_set:
        raise UserError("--model", "needs a set to measure on", "give --model_set")
    if len(args.real_sets) not in (0, len(SETS)):
        raise UserError("--real_sets", "names one set", "name two sets, or none")
    sources = Sources(
        se_root=args.se_root,
        wer_root=args.wer_root,
        sets=SetNames(args.simu_sets, args.real_sets, args.clean_sets, args.train_real_set),
        truth_root=args.truth_root,
        pseudo=args.pseudo,
        gate=args.gate,
        models=[TrainedModel(*split_fields("--model", text, MODEL_FORM)) for text in args.model],
        other_models=[
            NamedConfig(*split_fields("--other_model", text, OTHER_FORM))
            for text in args.other_model
        ],
        model_set=args.model_set,
        published=args.published,
        corpus=args.corpus,
        trainings=args.training,
        commands=args.command,
        observation_root=args.observation_root,
        decoder=args.decoder,
    )
    write_results(sources, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
