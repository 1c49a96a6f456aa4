import torch

from sslse.probe.features import pool, pooled_latents


def test_pooling_is_mean_and_deviation_over_frames():
    latent = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0))
    pooled = pool(latent)
    assert pooled.dtype == torch.float64
    assert pooled.shape == (3, 10)
    for row in range(3):
        for channel in range(5):
            frames = latent[row, channel].double().numpy()
            assert abs(float(pooled[row, channel]) - frames.mean()) < 1e-12
            assert abs(float(pooled[row, 5 + channel]) - frames.std()) < 1e-12


def test_every_encoder_gets_the_same_waves_without_gradient():
    given = [[], []]

    def encoder(number):
        weight = torch.ones(1, requires_grad=True)

        def encode(wave):
            given[number].append(wave)
            return (number + 1) * weight * wave.unsqueeze(1)

        return encode

    waves = [torch.ones(4, 6), torch.zeros(2, 6)]
    counts = []
    one, two = pooled_latents([encoder(0), encoder(1)], iter(waves), counts.append)
    assert counts == [4, 2]
    assert all(map(torch.equal, *given))
    assert one.shape == (6, 2)
    assert not one.requires_grad
    torch.testing.assert_close(two, 2 * one)
    assert one[:, 0].tolist() == [1, 1, 1, 1, 0, 0]
