#!/bin/sh
# Run recipes/best.yaml with the settings of docs/results/segments.yaml, with each of the given seeds,
# on the test mixtures of docs/results.md. From the root of a checkout, with SPEECH_MANIFEST_ROOT and
# NOISE_MANIFEST_ROOT set. Writes runs/best/best,seed=N.
set -eu

export SPEECH_MANIFEST=docs/results/lists/speech.csv
export NOISE_MANIFEST=docs/results/lists/noise.csv

for seed in "$@"; do
    if [ -e "runs/best/best,seed=$seed/evaluation.json" ]; then continue; fi
    ${SSLSE:-sslse} run best --data manifest --out "runs/best/best,seed=$seed" \
        --set "seed=$seed" --set views=2 \
        --set encoder.dim=32 --set encoder.hidden=64 --set encoder.head_dim=16 \
        --set encoder.channels=[8,16] \
        --set predictor.hidden=64 --set predictor.head_dim=16 \
        --set decoder.hidden=64 --set decoder.head_dim=16 \
        --set decoder.channels=[16,8] \
        --set train.crop=2048 --set train.epochs=8 --set train.crops_per_utterance=1 \
        --set train.threads=1 --set evaluate.metrics=[pesq_nb,stoi,si_sdr] \
        --set evaluate.baselines=[log_mmse] --set evaluate.utterances=40 \
        --set evaluate.workers=1 --set evaluate.every=2 --set evaluate.every_utterances=5
done
