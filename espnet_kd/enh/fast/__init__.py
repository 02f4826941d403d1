"""Faster computation of Conv-TasNet with the same results, up to rounding.

Each module says what its results must equal (mostly `espnet_kd/enh/layers/residual_block.py`), when
it is used (`compile: true` in YAML or on the command line, the CPU, float32), and which test checks
it (in tests/enh/fast, for `global_norm` also in tests/enh/layers).
"""
