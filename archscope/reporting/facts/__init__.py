"""The numbers and the words that tables and figures are made of."""
