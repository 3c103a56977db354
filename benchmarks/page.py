"""A cold page in a real Chromium: bytes, requests, hosts and the time until one can type, beside Gradio alone."""

import shutil
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import alone, data_folder, hearth, with_starters

# Without these Chromium itself calls home while it is measured.
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
AFTERWARDS_MS = 2_000
# In milliseconds since the address was entered, asked at every frame.
CAN_TYPE = """() => {
  const box = document.querySelector("#ask textarea");
  return box && box.offsetParent && !box.disabled && !box.readOnly ? performance.now() : false;
}"""


def visit(browser: Browser, url: str) -> Sample:
    """Open a page in a fresh profile, nothing cached, until one can type, and count for two more seconds."""
    sizes: list[float] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    try:
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        network.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
        network.send("Network.enable")
        page.goto(url, wait_until="commit")
        can_type_ms = page.wait_for_function(CAN_TYPE, polling="raf").json_value()
        page.wait_for_timeout(AFTERWARDS_MS)  # an event stream stays open for good, so the network is never at rest
    finally:
        context.close()
    network_urls = [address for address in asked if not address.startswith(("data:", "blob:"))]
    return {
        "bytes": sum(sizes),
        "requests": len(network_urls),
        "hosts": len({urlsplit(address).netloc for address in network_urls}),
        "can_type": can_type_ms,
    }


def measure(effort: Effort) -> Result:
    """Measure."""
    with (
        data_folder() as folder,
        hearth(with_starters(folder / "data")) as ours,
        alone("gradio_page") as bare,
        sync_playwright() as playwright,
    ):
        ours.wait("/ready")
        bare.wait("/")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        made = alternate(lambda: visit(browser, ours.url), lambda: visit(browser, bare.url), effort)
        browser.close()
    limit = "Gradio alone"
    return result(
        "page",
        made,
        [
            row("cold page: bytes", "MB", made, "bytes", limit, scale=1e-6, aim=1),
            row("cold page: requests", "requests", made, "requests", limit),
            row("cold page: hosts asked", "hosts", made, "hosts", limit, aim=1),
            row("cold page: one can type", "s", made, "can_type", limit, scale=1e-3, aim=1.5),
        ],
    )


if __name__ == "__main__":
    run("page", __doc__, measure)
