#!/usr/bin/env bash
# Stage 9: baseline and student as models that stock ESPnet loads.
# Reads: <expdir>/{baseline,student}/.
# Writes: <expdir>/{baseline,student}/stock/{config.yaml,model.pth}.

for system in baseline student; do
    python3 -m espnet_kd.bin.export_stock --exp "${expdir}/${system}" \
        --checkpoint "${inference_se_model}" --out "${expdir}/${system}/stock"
done
