"""A parent for the proofs of the ground: it starts one, says what it has, and waits to be killed.

Usage: `python -m tests.adapters.ground_child DATA_DIR [KAFKA_BOOTSTRAP]`
"""

import json
import signal
import sys
from pathlib import Path

from sijill.adapters.ground import GroundError, start_ground


def main() -> None:
    """Print the ground's addresses and process numbers as JSON, or the error's sentence."""
    # A shell starts its background jobs with this signal ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    named = sys.argv[2] if len(sys.argv) > 2 else None
    try:
        ground = start_ground(Path(sys.argv[1]), kafka_bootstrap=named)
    except GroundError as error:
        print(error)
        sys.exit(1)
    pids = [ground.postgres.pid] if named else [ground.postgres.pid, ground.kafka.pid]
    facts = {
        "kafka": ground.kafka_bootstrap,
        "dsn": ground.postgres_dsn,
        "pids": pids,
        "watch": ground.watch_pid,
    }
    print(json.dumps(facts), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
