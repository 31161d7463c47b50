"""One network, one recipe, one seed: trained to metrics and a checkpoint.

`recipe` (how the papers trained), `job` and `devices` (what the machine has) import no torch at
the start; `loop` trains.
"""
