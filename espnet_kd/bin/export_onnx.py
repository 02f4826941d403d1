"""Write a causal student as ONNX, to run with onnxruntime or sherpa-onnx; see docs/onnx.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and export.

    Raises:
        UserError: see `export_onnx`; --out is not an ONNX file.
    """
    args = get_parser().parse_args(cmd)
    out = Path(args.out)
    if out.suffix != ".onnx":
        raise UserError("--out", f"is {out}, which is not .onnx", "call it e.g. student.onnx")
    host.prepare()
    from espnet_kd.export.onnx import export_onnx

    info = export_onnx(args.exp, out, args.checkpoint)
    print(
        f"{out}: {info.model}, {out.stat().st_size / 1000:.0f} kB, algorithmic latency "
        f"{1000 * info.latency / info.sample_rate:g} ms, equal to PyTorch"
    )
    if args.int8 == "true":
        from espnet_kd.export.onnx_int8 import write_int8

        small = out.with_suffix(".int8.onnx")
        print(f"{small}: {write_int8(out, small)}")


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exp", required=True, help="training directory")
    parser.add_argument("--out", required=True, help="file to write, .onnx")
    parser.add_argument("--checkpoint", default="", help="file in --exp; default: valid.*.ave.pth")
    parser.add_argument(
        "--int8",
        choices=("true", "false"),
        default="false",
        help="also write STEM.int8.onnx, and say what it gains and costs (default: false)",
    )
    return parser


if __name__ == "__main__":
    main()
