"""Pack a trained model into a zip file that stock ESPnet's SeparateSpeech.from_pretrained loads.

The file holds the weights, the configuration, a model card (README.md, with the fields of Hugging
Face's hub), the model as ONNX if it can stream, and what --results and --include name. A model with
classes that are not in stock ESPnet is packed with this package's configuration; its card says so.
Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_text, write_text

OWN = ("config.yaml", "model.pth", "README.md", "meta.yaml")


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and pack.

    Raises:
        UserError: the model cannot be packed, a document does not exist or has no scores of the
            model, or the output exists.
    """
    words = sys.argv[1:] if cmd is None else cmd
    args = get_parser().parse_args(words)
    exp, out = Path(args.exp), Path(args.output)
    if out.suffix != ".zip":
        raise UserError(out, "does not end in .zip", "give another name")
    if out.exists() and not args.force:
        raise UserError(out, "exists", "give --force to overwrite")
    files = _files([args.results, *args.include] if args.results else args.include)
    system = args.system or exp.resolve().name
    tables = _tables(args.results, system) if args.results else []
    from espnet_kd.export.pack import add_onnx, publish, zip_model
    from espnet_kd.report.model_card import CardFacts, model_card

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published = publish(exp, folder, args.checkpoint)
        onnx = folder / f"{out.stem}.onnx"
        if args.onnx and add_onnx(published, onnx):
            files.append(onnx)
        card = model_card(
            CardFacts(
                name=args.name or out.stem,
                file=out.name,
                values=published.trained.values,
                exp_dir=exp,
                parameters=published.parameters,
                other=published.other,
                license=args.license,
                language=args.language,
                datasets=args.datasets,
                notes=args.note,
                tables=tables,
                files=[file.name for file in files],
                command=f"espnet-kd pack {shlex.join(words)}",
            )
        )
        write_text(folder / "README.md", card)
        for file in files:
            if file != onnx:
                shutil.copyfile(file, folder / file.name)
        zip_model(folder, out)
    form = "stock ESPnet" if not published.other else "espnet_kd"
    print(f"{out}: {published.parameters / 1e6:.3f} M parameters, loads with {form}")


def _tables(results: str, system: str) -> list:
    from espnet_kd.report.score_rows import score_tables

    tables = score_tables(read_text(results), system)
    if not tables:
        raise UserError(
            results, f"has no scores with intervals of '{system}'", "give another --system"
        )
    return tables


def _files(names: list[str]) -> list[Path]:
    files = [Path(name) for name in names]
    for number, file in enumerate(files):
        if not file.is_file():
            raise UserError(file, "does not exist", "give a file to pack")
        if file.name in (*OWN, *(other.name for other in files[:number])):
            raise UserError(file, f"'{file.name}' is already in the packed model", "rename it")
    return files


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exp", help="training directory: config.yaml and valid.*.ave.pth")
    parser.add_argument("output", help="zip file to write")
    parser.add_argument("--checkpoint", default="", help="file in EXP; default: valid.*.ave.pth")
    parser.add_argument("--results", help="RESULTS.md to pack; its scores go onto the card")
    parser.add_argument("--system", help="name of the model in --results; default: that of EXP")
    parser.add_argument(
        "--include", nargs="+", default=[], metavar="FILE", help="other files to pack"
    )
    parser.add_argument("--name", help="title of the card; default: that of the zip file")
    parser.add_argument(
        "--license", default="", help="license of the weights, e.g. apache-2.0; you must know it"
    )
    parser.add_argument("--language", default="en", help="language of the speech (default: en)")
    parser.add_argument(
        "--datasets", nargs="+", default=[], metavar="NAME", help="corpora of the training"
    )
    parser.add_argument(
        "--note", nargs="+", default=[], help="sentences for the card, e.g. on data and teacher"
    )
    parser.add_argument(
        "--no_onnx", dest="onnx", action="store_false", help="leave out the ONNX file of the model"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    return parser


if __name__ == "__main__":
    main()
