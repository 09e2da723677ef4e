"""`sijill explain`: why there is an alert, from its facts to what would end it."""

import getpass
import json
import shutil
import string

import click

from sijill import audit, settings
from sijill.adapters import postgres
from sijill.adapters.registry import reading
from sijill.cli import alert_text
from sijill.cli.explain import text
from sijill.cli.explain.plain import plain
from sijill.cli.explain.words import word
from sijill.cli.failures import EXIT_FAILED
from sijill.domain.dossier import dossier

WIDTH_MIN, WIDTH_MAX = 60, 100
PURPOSE = "examination of the alert"


@click.command()
@click.argument("alert")
@click.option("--lang", default="en", show_default=True, type=click.Choice(alert_text.LANGUAGES))
@click.option("--purpose", default=PURPOSE, show_default=True, help="Why it is read; logged.")
@click.option("--operator", default=getpass.getuser, help="Who reads (default: the user); logged.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object with the same content.")
def explain(alert: str, *, lang: str, purpose: str, operator: str, as_json: bool) -> None:
    """Explain ALERT: an alert id or a notice id, or as many of its first digits as name one.

    Shows the sentence, the facts with their source and event, their periods as a drawing, rule
    and law, exceptions that were tested, decisions, history, what would end the overlap, and the
    day on which time alone changes it. What would end it was tried on the facts of today.

    Reading is logged with its purpose (`sijill audit verify`); that binds those who use this
    command, not those who hold the database's password. Exit status 1: no such alert, or several.
    """
    digits = alert.strip().lower()
    wrong = set(digits) - set(string.hexdigits)
    if not digits or wrong or len(digits) > reading.ID_DIGITS:
        raise click.UsageError("ALERT is 1 to 32 hexadecimal digits.")
    chosen = settings.load()
    with postgres.connect(chosen.postgres_dsn) as connection:
        try:
            found = reading.find(connection, digits)
        except reading.AmbiguousError as error:
            raise _stop(str(error)) from error
        if found is None:
            raise _stop("there is no such alert")
        entry = audit.Entry(operator, "explain", found.hex(), purpose)
        number = audit.record(connection, entry)
        case, book, as_of = reading.read(connection, found, hub_key=chosen.hub_key)
    click.echo(word("logged", lang).format(number=alert_text.digits(str(number), lang)), err=True)
    told = dossier(case, book, as_of=as_of, lang=lang)
    width = min(max(shutil.get_terminal_size().columns, WIDTH_MIN), WIDTH_MAX)
    if as_json:
        click.echo(json.dumps(plain(told, width=width), indent=1, ensure_ascii=False))
        return
    click.echo("\n".join(text.lines(told, book, width=width)))


def _stop(sentence: str) -> click.exceptions.Exit:
    """Say why nothing is shown, and return the way out."""
    click.echo(f"sijill: {sentence}.", err=True)
    return click.exceptions.Exit(EXIT_FAILED)
