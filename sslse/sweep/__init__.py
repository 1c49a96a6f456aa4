"""Many runs of one recipe: a grid of option values times seeds."""
