"""The report of a sweep's folder: tables, texts, figures and its page."""
