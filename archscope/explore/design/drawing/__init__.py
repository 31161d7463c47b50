"""Random samples: networks told apart, drawn each as likely as any other."""
