"""Write a trained student or baseline as config.yaml + model.pth that stock ESPnet loads."""

from __future__ import annotations

import argparse

from espnet_kd.errors import exit_on_user_error
from espnet_kd.export.stock import NotStockError, export_stock


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exp", required=True, help="training directory")
    parser.add_argument("--out", required=True, help="directory to write")
    parser.add_argument("--checkpoint", default="", help="file in --exp; default: valid.*.ave.pth")
    parser.add_argument(
        "--skip_others", action="store_true", help="only a line if stock ESPnet lacks a class"
    )
    options = parser.parse_args(cmd)
    try:
        config, model = export_stock(options.exp, options.out, options.checkpoint)
    except NotStockError as error:
        if not options.skip_others:
            raise
        print(f"not exported: {error}")
        return
    print(f"{config} and {model} can be loaded in stock ESPnet")


if __name__ == "__main__":
    main()
