"""A proxy, a home core and phones on loopback: for the demo and the tests."""
