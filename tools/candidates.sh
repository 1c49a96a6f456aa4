#!/bin/sh
# Candidates for recipes/best.yaml on the development lists of docs/results.md, otherwise with the
# settings of docs/results/segments.yaml. From the root of a checkout, with SPEECH_MANIFEST_ROOT and
# NOISE_MANIFEST_ROOT set; runs that are evaluated are left alone. Writes runs/candidates/NAME.
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
        --set encoder.factors=[4,4,4] --set decoder.factors=[4,4,4] \
        --set train.epochs=8 --set train.crops_per_utterance=5 \
        --set train.threads=1 --set train.log_every=50 --set evaluate.metrics=[pesq_nb,stoi,si_sdr] \
        --set evaluate.baselines=[] --set evaluate.utterances=40 --set evaluate.workers=1 "$@" ||
        echo "$name: failed"
}

fine() {
    train "$@" --set encoder.factors=[4,4,2] --set decoder.factors=[2,4,4]
}

train normal normal
train simsiam_round simsiam_round --set schedule.period=1
fine normal_32 normal
fine byol_pretrain_32 byol_pretrain --set schedule.epochs=1
fine byol_light_32 byol --set schedule.cl=0.1 --set schedule.se=1
fine byol_ramp_32 byol_ramp
fine moco_v2_light_32 moco_v2 --set schedule.cl=0.1 --set schedule.se=1
fine normal_32_speed normal --set \
    'augmentations=[{name: speed, factors: [0.9, 1.0, 1.1]}, {name: add_noise, snr_db: [-10, -5, 0, 5, 10]}]'
train normal_16 normal --set encoder.factors=[4,2,2] --set decoder.factors=[2,2,4]
# Not part of the plan: MoCo v2 was the best of these, but most of its time went to its long queue.
fine moco_v2_light_32_queue moco_v2 --set schedule.cl=0.1 --set schedule.se=1 --set objective.queue=4096
fine moco_v2_third_32_queue moco_v2 --set schedule.cl=0.3 --set schedule.se=1 --set objective.queue=4096
fine moco_v2_equal_32_queue moco_v2 --set schedule.cl=1 --set schedule.se=1 --set objective.queue=4096
fine moco_v2_triple_32_queue moco_v2 --set schedule.cl=3 --set schedule.se=1 --set objective.queue=4096
