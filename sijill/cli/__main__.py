"""`python -m sijill.cli`: the same as `sijill`, and how the hub starts its own services."""

from sijill.cli import main

main(prog_name="sijill")
