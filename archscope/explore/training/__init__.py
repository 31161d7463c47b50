"""Plans of trainings carried out, and their folders reported."""
