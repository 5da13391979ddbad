"""`python -m winpush.cli` is `winpush`."""

from winpush.cli import main

if __name__ == "__main__":
    main()
