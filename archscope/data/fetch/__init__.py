"""Where datasets come from: looked for, downloaded, verified, unpacked."""
