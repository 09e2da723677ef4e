"""`sijill run SERVICE`: one service in this process, until SIGTERM or Ctrl-C."""

import sys
from collections.abc import Callable

import click

from services.registrar import Registrar
from services.relay import Relay
from sijill import service, settings
from sijill.settings import Settings

SERVICES: dict[str, Callable[[Settings], service.Loop]] = {
    "registrar": Registrar,
    "relay": Relay,
}


@click.command()
@click.argument("name", metavar="SERVICE", type=click.Choice(list(SERVICES)))
def run(name: str) -> None:
    """Run one SERVICE of the hub: registrar or relay.

    Log lines go to standard error. Exit status 3 is a named stop: starting it again does not help.
    """
    sys.exit(service.run(name, SERVICES[name], settings.load()))
