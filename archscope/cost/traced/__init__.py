"""The operators of a trace: what each multiplies, which multiply nothing, whose they are."""
