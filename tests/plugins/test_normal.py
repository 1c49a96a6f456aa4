from sslse_normal.objective import Normal


def test_normal_has_neither_loss_nor_parameters(encoder, make_views, progress):
    objective = Normal()
    assert objective(encoder, make_views(), progress).loss is None
    assert not list(objective.parameters())
