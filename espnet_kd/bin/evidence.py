"""Write EVIDENCE.md: differences between systems over seeds and utterances."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import exit_on_user_error
from espnet_kd.report.evidence_page import EvidenceSources, write_evidence
from espnet_kd.report.wording import DECODERS


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--root", type=Path, required=True, help="contains scores/; the page is written here"
    )
    parser.add_argument("--simu_sets", nargs=2, required=True, help="development and test set")
    parser.add_argument("--real_sets", nargs=2, required=True, help="development and test set")
    parser.add_argument("--train_real_set", required=True, help="set with pseudo-references")
    parser.add_argument("--decoder", choices=sorted(DECODERS), default="joint")
    parser.add_argument("--training", nargs="*", default=[], help="config.yaml of each training")
    parser.add_argument("--corpus", help="root of the corpus")
    parser.add_argument("--command", action="append", default=[], help="command to show")
    args = parser.parse_args(cmd)
    sources = EvidenceSources(
        root=args.root,
        simu_sets=args.simu_sets,
        real_sets=args.real_sets,
        train_real_set=args.train_real_set,
        decoder=args.decoder,
        trainings=args.training,
        corpus=args.corpus,
        commands=args.command,
    )
    print(write_evidence(sources))


if __name__ == "__main__":
    main()
