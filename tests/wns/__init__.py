"""Tests of the pure protocol room `winpush.wns`."""
