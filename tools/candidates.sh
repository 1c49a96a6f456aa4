#!/bin/sh
# Candidates for recipes/best.yaml on the development lists of docs/results.md, with the matrix's
# width and its number of mixtures heard in training. From the root of a checkout, with
# SPEECH_MANIFEST_ROOT and NOISE_MANIFEST_ROOT set; runs that are evaluated are left alone. Writes
# runs/candidates/NAME.
set -eu

export SPEECH_MANIFEST=docs/results/lists/speech_development.csv
export NOISE_MANIFEST=docs/results/lists/noise_development.csv

train() {
    name=$1
    recipe=$2
    shift 2
    if [ -e "runs/candidates/$name/evaluation.json" ]; then return; fi
    ${SSLSE:-sslse} run "$recipe" --data manifest --out "runs/candidates/$name" \
        --set "name=$name" --set preset=small --set views=2 \
        --set encoder.dim=32 --set encoder.hidden=64 --set encoder.head_dim=16 \
        --set encoder.channels=[8,16] --set encoder.factors=[4,4,4] \
        --set predictor.hidden=64 --set predictor.head_dim=16 \
        --set decoder.hidden=64 --set decoder.head_dim=16 \
        --set decoder.channels=[16,8] --set decoder.factors=[4,4,4] \
        --set train.crop=2048 --set train.epochs=8 --set train.crops_per_utterance=1 \
        --set train.threads=1 --set evaluate.metrics=[si_sdr] \
        --set evaluate.baselines=[] --set evaluate.utterances=40 --set evaluate.workers=1 "$@" ||
        echo "$name: failed"
}

train normal normal
train normal_batch_2 normal --set train.batch_size=2 --set train.learning_rate=3e-3
train normal_frames_32 normal --set encoder.factors=[4,4,2] --set decoder.factors=[2,4,4]
