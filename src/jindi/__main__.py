"""`python -m jindi` is `jindi`."""

from jindi.app import main

if __name__ == "__main__":
    main()
