"""Makes sure that the tests find a Chromium: the system's own, Debian's package, or Playwright's build."""

import os
import shutil
import subprocess
import sys


def main() -> None:
    """Find or install a Chromium; say how to get one where that fails."""
    if shutil.which("chromium"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        steps = [
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
        ]
    else:
        environment = dict(os.environ)
        steps = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    print("Installing a Chromium for the browser tests", flush=True)
    for step in steps:
        if subprocess.run(step, env=environment).returncode:
            raise SystemExit(f"`{' '.join(step)}` failed; install Chromium yourself, then run the same command again.")


if __name__ == "__main__":
    main()
