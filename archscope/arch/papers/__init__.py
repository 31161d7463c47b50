"""What the papers print: Eq. 4, errors, counts and times, each with its source."""
