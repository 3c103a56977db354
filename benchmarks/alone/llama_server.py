"""llama.cpp without Hearth: its own HTTP server, with the very parameters that Hearth's engine gives it."""

import sys
import threading

import xllamacpp

from engines.llama_cpp import LlamaCpp
from studio import Settings
from studio.library import scan

_Server = xllamacpp.Server


def main(port: int, data_dir: str, model: str) -> None:
    """Serve a model of a data folder.

    Raises:
        LookupError: It is not there.
    """
    settings = Settings.load(["--data-dir", data_dir])
    spec = {spec.id: spec for spec in scan(settings.models_dir).models}[model]

    def open_server(params: xllamacpp.CommonParams) -> xllamacpp.Server:
        # The engine shuts its server off from everybody else; here it is asked from outside.
        params.port, params.api_keys = port, []
        return _Server(params)

    xllamacpp.Server = open_server
    engine = LlamaCpp(spec, threads=settings.threads)  # its server lives as long as it does
    engine.load()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
