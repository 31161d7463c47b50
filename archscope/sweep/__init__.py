"""Plan, trials, records: many trainings, each in a folder of plain files. No torch here."""
