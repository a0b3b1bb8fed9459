"""Every figure of the spine in one instance, in the order in which a company would meet them: `make bench-spine`."""

import api
import import_rows
import pages
import refresh
import start
from harness import describe_machine, instance


def main() -> None:
    describe_machine()
    with instance() as made:
        start.measure(made)
        import_rows.measure(made)
        made.zhike("refresh", "--as-of", refresh.AS_OF)
        pages.measure(made)
        api.measure(made)
        refresh.measure(made)


if __name__ == "__main__":
    main()
