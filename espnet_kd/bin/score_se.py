"""Compute PESQ, STOI, SDR and SI-SNR of enhanced sets against their true references."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.options import split_fields
from espnet_kd.scoring.se_metrics import METRICS
from espnet_kd.scoring.se_scores import SeJob, score_jobs

JOB_FORM = "SYSTEM:REF_DIR:INF_SCP:OUT_DIR"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and score one or more systems and sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--job",
        action="append",
        required=True,
        metavar=JOB_FORM,
        help="a system's name, the set directory with utt2num_samples and spk1.scp, the list of "
        "enhanced files, and the directory for the scores; may be repeated",
    )
    parser.add_argument(
        "--ref_scp",
        default="{ref_dir}/spk1.scp",
        help="list of references; {ref_dir} is the set directory and {set} its name",
    )
    parser.add_argument(
        "--partial", action="store_true", help="leave out estimates without a reference"
    )
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument(
        "--metrics", nargs="+", choices=METRICS, default=METRICS, help="scores to compute"
    )
    args = parser.parse_args(cmd)
    jobs = [_job(text, args.ref_scp, args.partial) for text in args.job]
    score_jobs(jobs, args.nj, args.metrics)


def _job(text: str, ref_scp: str, partial: bool) -> SeJob:
    system, ref_dir, inf_scp, out_dir = split_fields("--job", text, JOB_FORM)
    if not Path(ref_dir).is_dir():
        raise UserError(ref_dir, "is not a directory", "run the data stages first")
    reference = Path(ref_scp.format(ref_dir=ref_dir, set=Path(ref_dir).name))
    return SeJob(system, Path(ref_dir), reference, Path(inf_scp), Path(out_dir), partial)


if __name__ == "__main__":
    main()
