"""From the command to the first answer and to the dashboard, and the memory at rest, beside Gradio alone."""

from pathlib import Path

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import alone, data_folder, hearth, with_starters


def start_hearth(data_dir: Path) -> dict[str, float]:
    """Start Hearth; seconds to its first answer and to its dashboard, megabytes at rest."""
    with hearth(data_dir) as server:
        return {"first": server.wait("/live"), "page": server.wait("/ready"), "rss": server.rss_mb()}


def start_gradio() -> Sample:
    """Start Gradio with a minimal page: what answers first is the page."""
    with alone("gradio_page") as server:
        page = server.wait("/")
        return {"first": page, "page": page, "second": page, "second_page": page, "rss": server.rss_mb()}


def both_starts() -> Sample:
    """Start Hearth on a fresh data folder and once more on the same."""
    with data_folder() as folder:
        data_dir = with_starters(folder / "data")
        first, second = start_hearth(data_dir), start_hearth(data_dir)
    return {**first, "second": second["first"], "second_page": second["page"]}


def measure(effort: Effort) -> Result:
    """Measure."""
    made = alternate(both_starts, start_gradio, effort)
    gradio = "Gradio alone"
    return result(
        "start",
        made,
        [
            row("command → first 200, fresh data folder", "s", made, "first", gradio, aim=3),
            row("command → first 200, second start", "s", made, "second", gradio, aim=3),
            row("command → dashboard, fresh data folder", "s", made, "page", gradio),
            row("command → dashboard, second start", "s", made, "second_page", gradio),
            row("idle memory", "MB", made, "rss", gradio, aim=300),
        ],
    )


if __name__ == "__main__":
    run("start", __doc__, measure)
