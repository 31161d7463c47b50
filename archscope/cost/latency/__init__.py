"""What a network takes on a machine that was measured: a model of seconds an operation."""
