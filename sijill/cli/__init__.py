"""The command line: `sijill COMMAND`. Every command says what it does with `--help`.

Exit status: 0 done; 1 not done, or a difference was found; 2 wrong use or settings; 3 a named stop,
where starting again does not help until a person has looked.
"""

import logging

import click

from sijill.cli.alerts import alerts
from sijill.cli.audit import audit
from sijill.cli.demo import demo
from sijill.cli.digest import digest
from sijill.cli.explain import explain
from sijill.cli.failures import FailingGroup
from sijill.cli.migrate import migrate
from sijill.cli.publish import publish
from sijill.cli.quarantine import quarantine
from sijill.cli.rules import rules
from sijill.cli.run import run
from sijill.cli.simulate import simulate
from sijill.cli.topics import topics
from sijill.cli.up import up
from sijill.cli.verify import verify


@click.group(cls=FailingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sijill")
def main() -> None:
    """Sijill: from the ministries' events to one registry and its overlap alerts."""
    # What fails is told in one sentence at the end; clients that try again need not chat.
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")


for command in (
    up, demo, run, migrate, simulate, publish, topics, digest, verify, alerts, quarantine, rules,
    explain, audit,
):  # fmt: skip
    main.add_command(command)
