"""Score the test mixtures."""
