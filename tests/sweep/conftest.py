"""Sweeps without --out go into a folder of the test."""

from working_folder import no_folders_left_behind  # noqa: F401
