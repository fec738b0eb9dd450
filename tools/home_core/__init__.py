"""A stand-in for the home core (I-CSCF and S-CSCF) behind Sallyport."""
