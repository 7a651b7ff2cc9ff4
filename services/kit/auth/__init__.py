"""Who asks: access tokens of one issuer, verified here and not at the issuer."""
