"""Enhance samples with sherpa-onnx, offline and online.

Arguments: model.onnx, mixture.npy, offline.npy, online.npy. A model that sherpa-onnx does not
accept ends the process.
"""

import sys

import numpy as np
import sherpa_onnx

model, mixture, offline, online = sys.argv[1:]
samples = np.load(mixture)
config = sherpa_onnx.OfflineSpeechDenoiserModelConfig(
    gtcrn=sherpa_onnx.OfflineSpeechDenoiserGtcrnModelConfig(model=model)
)
denoise = sherpa_onnx.OfflineSpeechDenoiser(sherpa_onnx.OfflineSpeechDenoiserConfig(model=config))
np.save(offline, np.array(denoise(samples, 16000).samples, dtype=np.float32))

denoise = sherpa_onnx.OnlineSpeechDenoiser(sherpa_onnx.OnlineSpeechDenoiserConfig(model=config))
pieces = [denoise(piece, 16000).samples for piece in np.array_split(samples, 7)]
pieces.append(denoise.flush().samples)
np.save(online, np.concatenate(pieces).astype(np.float32))
