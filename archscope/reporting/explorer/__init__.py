"""The part of a page in which a reader chooses the axes of a plot, and whose curves it shows."""
