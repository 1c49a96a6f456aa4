#!/bin/sh
# Train the autoencoder as read with the paper's SGD, and with one thing changed at a time, on the
# development lists of docs/results.md. From the root of a checkout, with SPEECH_MANIFEST_ROOT and
# NOISE_MANIFEST_ROOT set; runs that are evaluated are left alone. Writes runs/one_factor/NAME.
set -eu

export SPEECH_MANIFEST=docs/results/lists/speech_development.csv
export NOISE_MANIFEST=docs/results/lists/noise_development.csv

train() {
    name=$1
    recipe=$2
    shift 2
    if [ -e "runs/one_factor/$name/evaluation.json" ]; then return; fi
    ${SSLSE:-sslse} run "$recipe" --data manifest --out "runs/one_factor/$name" \
        --set "name=$name" --set preset=small \
        --set encoder.factors=[4,4,4] --set decoder.factors=[4,4,4] --set decoder.residual=false \
        --set train.optimizer=sgd --set train.learning_rate=0.05 --set train.weight_decay=1e-4 \
        --set train.warmup_steps=0 --set train.decay=none --set train.clip_norm=null \
        --set train.epochs=8 --set train.crops_per_utterance=1 --set train.threads=1 \
        --set evaluate.metrics=[stoi,si_sdr] --set evaluate.baselines=[] \
        --set evaluate.utterances=24 --set evaluate.workers=1 \
        --set evaluate.every=2 --set evaluate.every_utterances=6 "$@" ||
        echo "$name: failed"
}

train as_read normal
train residual normal --set decoder.residual=true
train adamw normal --set train.optimizer=adamw --set train.learning_rate=2e-3
train clip_1 normal --set train.clip_norm=1
train normalize_off normal --set encoder.normalize=false --set decoder.normalize=false
train rate_0.005 normal --set train.learning_rate=0.005
train se_weight_0.1 normal --set schedule.se=0.1
train decoder_4_blocks normal --set decoder.blocks=4
# Not part of the first plan: SE weight 0.1 trains, and is what the paper's mix has; so does clipping.
train byol_mix byol
train clip_1_byol_round byol_round --set train.clip_norm=1 --set schedule.period=1
train byol_round byol_round --set schedule.period=1
train byol_round_se_0.1 byol_round --set schedule.period=1 --set schedule.se_alone=0.1
