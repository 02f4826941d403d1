"""List the true images of real recordings for scoring; only the embedded corpus has them."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.mini_chime4.true_images import choose, existing_images, image_paths
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns, write_columns


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", required=True, help="--truth_dir of make_mini_chime4")
    parser.add_argument("--corpus", required=True, help="corpus that --truth belongs to")
    parser.add_argument(
        "--sets", type=Path, nargs="+", required=True, help="directories of real sets"
    )
    parser.add_argument("--most", type=int, help="maximum number of utterances per set")
    parser.add_argument("--out", type=Path, required=True, help="directory for <set>/spk1.scp")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Write `<out>/<set>/spk1.scp` of each set: utterance id, true image at its channel.

    Raises:
        UserError: --most is below 1, or an image is missing.
    """
    args = get_parser().parse_args(cmd)
    if args.most is not None and args.most < 1:
        raise UserError("--most", f"{args.most} is below 1", "leave it out for all utterances")
    tree = Chime4Tree(args.corpus)
    lists = {}
    for directory in args.sets:
        ids = read_columns(directory / "wav.scp")
        chosen = choose(ids, args.most or len(ids))
        paths = image_paths(args.truth, tree, directory.name)
        lists[args.out / directory.name / "spk1.scp"] = existing_images(paths, chosen)
        print(f"{directory.name}: true images of {len(chosen)} of {len(ids)} utterances")
    for path, images in lists.items():
        write_columns(path, images)


if __name__ == "__main__":
    main()
