# syntax=docker/dockerfile:1
# Hearth in a container: port 7860, everything that lasts in /data, user 1000.
#   docker build -t hearth .
#   docker run --rm -p 127.0.0.1:7860:7860 -v hearth:/data hearth
FROM python:3.11-slim

# light has no torch and so no images; TORCH=ordinary takes the CUDA build (then run with --gpus all).
ARG PROFILE=full
ARG TORCH=cpu

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# First what changes least: the packages.
COPY pyproject.toml README.md LICENSE ./
COPY locks/ locks/
COPY deploy/install.py deploy/install.py
RUN python deploy/install.py --profile "$PROFILE" --torch "$TORCH"

COPY app.py CHANGELOG.md ./
COPY contract/ contract/
COPY store/ store/
COPY engines/ engines/
COPY studio/ studio/
COPY api/ api/
COPY ui/ ui/
# Compiled here, because the user may not write to /app.
RUN .venv/bin/python -m compileall -q app.py contract store engines studio api ui \
    && useradd --uid 1000 --create-home hearth \
    && install -d -o hearth -g hearth /data

USER hearth

# In a container every address but the public one is out of reach, so it listens on all of them; HEARTH_OPEN
# says that this is meant. Who may come in is decided where the port is published: keep 127.0.0.1 there, unless
# strangers may use it, each with a history of their own.
ENV HEARTH_HOST=0.0.0.0 \
    HEARTH_PORT=7860 \
    HEARTH_OPEN=1 \
    HEARTH_DATA_DIR=/data \
    HEARTH_LOG_JSON=1

VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=300s --start-interval=2s \
    CMD [".venv/bin/python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/live', timeout=4)"]

CMD [".venv/bin/python", "app.py"]
