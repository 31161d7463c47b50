"""Networks found for a budget: Eq. 4, inverse design, enumeration."""
