"""How a command fails: one sentence on standard error, no traceback, and a status that is true.

The text of an unexpected error may quote data, so only its type and place are shown.
"""

import sys
from typing import Any

import click
import psycopg
from confluent_kafka import KafkaException

from sijill.adapters.ground import GroundError
from sijill.adapters.halt import HaltError, where
from sijill.domain.rulebook import LoadError
from sijill.publisher import DeliveryError
from sijill.service import EXIT_HALTED
from sijill.settings import SettingsError

EXIT_FAILED = 1
EXIT_WRONG_USE = 2


class FailingGroup(click.Group):
    """The group of all commands, which turns errors into a sentence and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes one sentence."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            # The last: whoever read our output has read enough, which click knows to end with.
            raise
        except Exception as error:  # noqa: BLE001 - the last place where it can be told
            sentence, status = told(error)
            click.echo(f"sijill: {sentence}", err=True)
            sys.exit(status)


def told(error: Exception) -> tuple[str, int]:
    """Return the sentence that tells an error without quoting data, and the exit status."""
    if isinstance(error, SettingsError):
        return f"{error} `sijill up` writes them for this machine.", EXIT_WRONG_USE
    if isinstance(error, HaltError):
        return f"{type(error).__name__}: {error}.", EXIT_HALTED
    if isinstance(error, GroundError | DeliveryError | LoadError):
        return str(error), EXIT_FAILED
    if isinstance(error, psycopg.errors.UndefinedTable):
        return "The database holds no registry; `sijill migrate` makes its tables.", EXIT_FAILED
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return "PostgreSQL does not answer at the address of the settings.", EXIT_FAILED
    if isinstance(error, KafkaException):
        return f"Kafka answered: {error.args[0].str()}.", EXIT_FAILED
    state = f" {error.sqlstate}" if isinstance(error, psycopg.Error) else ""
    return f"{type(error).__name__}{state} at {' > '.join(where(error)[-3:])}.", EXIT_FAILED
