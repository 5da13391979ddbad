"""`python -m winpush.cli` runs `winpush`."""

from winpush.cli import main

if __name__ == "__main__":
    main()
