"""The emulator's push service for browsers: judges messages to simulated ones, and decrypts them as real ones do."""
