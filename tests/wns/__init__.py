"""Tests of the pure protocol package `winpush.wns`."""
