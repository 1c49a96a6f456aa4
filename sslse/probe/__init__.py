"""What the latent knows of noise, SNR, speaker and utterance."""
