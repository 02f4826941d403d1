"""Show how strong the gradient of each loss term with respect to the student's weights is.

Takes the options of enh_kd_train (--config, --train_data_path_and_name_and_type, ...) and these:
"""

from __future__ import annotations

import argparse

from espnet_kd import host
from espnet_kd.errors import exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments, measure the gradients, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--student", help="checkpoint of a partly trained student")
    parser.add_argument("--batches", type=int, default=6, help="batches to average over")
    own, rest = parser.parse_known_args(cmd)
    host.prepare()
    from espnet_kd.report.markdown import table
    from espnet_kd.tasks.base_config import parse_with_base
    from espnet_kd.tasks.enh_kd import EnhKDTask
    from espnet_kd.tasks.kd_stages import stage_arguments
    from espnet_kd.tasks.loss_gradients import measure_pulls

    args = parse_with_base(EnhKDTask.get_parser, rest)
    if args.kd_stages:
        print(f"Weights of the first stage, '{args.kd_stages[0]['name']}':\n")
        args = stage_arguments(args)[0]
    args.distributed = False
    pulls = measure_pulls(args, own.student, own.batches)
    print(
        table(
            ("term", "category", "value", "gradient norm at weight 1", "weight", "weighted norm"),
            [
                (
                    pull.name,
                    pull.category,
                    f"{pull.value:.4g}",
                    f"{pull.gradient:.4g}",
                    f"{pull.weight:g}",
                    f"{pull.weight * pull.gradient:.4g}",
                )
                for pull in pulls
            ],
        )
    )


if __name__ == "__main__":
    main()
