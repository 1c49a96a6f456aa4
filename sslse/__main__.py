"""``python -m sslse`` is the ``sslse`` command."""

from sslse.cli import main

if __name__ == "__main__":
    main(prog_name="sslse")
