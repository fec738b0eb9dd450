"""Sallyport beside other programs on one machine; bench/compare runs it."""
