"""The jars of Apache Kafka: fetched once by Maven into the user's cache, used without network from then on."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from frontdoor_standalone.servers import ServerError, deploy_folder
from frontdoor_standalone.servers.processes import FileLock

_JAVA_MAJOR = 17  # the first that runs a broker of Kafka 4
_FETCH_SECONDS = 900.0
_POM = "{http://maven.apache.org/POM/4.0.0}"


def kafka_jars() -> Path:
    """The folder with the jars. Raises `ServerError` when they are not there and cannot be fetched."""
    pom = deploy_folder("kafka") / "pom.xml"
    version = ET.parse(pom).findtext(f"{_POM}properties/{_POM}kafka.version")  # noqa: S314 - a file of ours
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    jars = Path(home) / "frontdoor" / f"kafka-{version}"
    if not jars.is_dir():
        # One process fetches, the others wait and find the jars.
        with FileLock(jars.with_name(f"{jars.name}.lock")):
            if not jars.is_dir():
                _fetch(pom, jars)
    return jars


def _fetch(pom: Path, jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerError("Apache Kafka needs Maven once, to fetch its jars: install Maven (Debian: apt-get install maven)")
    # Under another name first, so that the folder is complete whenever it is there.
    unfinished = Path(tempfile.mkdtemp(prefix=f"{jars.name}.", dir=jars.parent))
    try:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"]
        command = [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(pom), *goal]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS)  # noqa: S603 - Maven itself
        if done.returncode:
            raise ServerError(f"Maven could not fetch Apache Kafka: {_first_error(done.stdout + done.stderr)}")
        unfinished.chmod(0o755)
        unfinished.rename(jars)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _first_error(output: str) -> str:
    errors = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if line.startswith("[ERROR]")]
    return errors[0] if errors else "it gave no reason"


def java() -> str:
    """The Java that runs a broker. Raises `ServerError` when there is none, or too old a one."""
    found = shutil.which("java")
    advice = f"install Java {_JAVA_MAJOR} or later (Debian: apt-get install openjdk-17-jre-headless)"
    if found is None:
        raise ServerError(f"Apache Kafka needs Java: {advice}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - Java itself
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA_MAJOR:
        raise ServerError(f"Apache Kafka needs a later Java than {found}: {advice}")
    return found
