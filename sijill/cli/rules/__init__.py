"""`sijill rules`: a country's rulebook listed, checked, and put in force."""

import click

from sijill.cli.rules.activate import activate
from sijill.cli.rules.check import check
from sijill.cli.rules.listing import list_rules


@click.group()
def rules() -> None:
    """List, check and put in force the rules by which overlaps are found."""


for command in (list_rules, check, activate):
    rules.add_command(command)
