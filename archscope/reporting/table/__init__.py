"""Tables: rows and columns, rendered as text, JSON, CSV, Markdown, LaTeX and HTML."""
