#!/usr/bin/env bash
# Stage 9: export of baseline and student as models that stock ESPnet can load.
# Reads: <expdir>/{baseline,student}/.
# Writes: <expdir>/{baseline,student}/stock/{config.yaml,model.pth}; nothing for a student that
#         stock ESPnet has no class for, such as GTCRN.

for system in baseline student; do
    exp=$(dir_of "${system}")
    python3 -m espnet_kd.bin.export_stock --exp "${exp}" \
        --checkpoint "${inference_se_model}" --out "${exp}/stock" --skip_others
done
