"""Records and results -> tables, figures, one HTML page. No torch."""
