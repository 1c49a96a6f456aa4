#!/bin/sh
# Run recipes/best.yaml, and the same without CL, with the settings of docs/results/segments.yaml, with
# each of the given seeds, on the test mixtures of docs/results.md. From the root of a checkout, with
# SPEECH_MANIFEST_ROOT and NOISE_MANIFEST_ROOT set. Writes runs/best/NAME,seed=N.
set -eu

export SPEECH_MANIFEST=docs/results/lists/speech.csv
export NOISE_MANIFEST=docs/results/lists/noise.csv

train() {
    name=$1
    shift
    if [ -e "runs/best/$name,seed=$seed/evaluation.json" ]; then return; fi
    ${SSLSE:-sslse} run best --data manifest --out "runs/best/$name,seed=$seed" \
        --set "name=$name" --set "seed=$seed" --set views=2 \
        --set train.epochs=8 --set train.crops_per_utterance=4 \
        --set train.threads=1 --set train.log_every=50 \
        --set evaluate.metrics=[pesq_nb,stoi,si_sdr] --set evaluate.baselines=[log_mmse] \
        --set evaluate.utterances=40 --set evaluate.workers=1 \
        --set evaluate.every=1 --set evaluate.every_utterances=6 "$@"
}

for seed in "$@"; do
    train best
    train best_without_cl --set objective=normal --set schedule=se
done
