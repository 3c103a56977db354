"""Models from the Hugging Face Hub, or whatever answers its protocol at HF_ENDPOINT.

``huggingface_hub`` says what a repository holds and who may read it (HF_TOKEN, HF_ENDPOINT,
HF_HUB_OFFLINE and HF_HOME count); the files come through our own stream, so that they can be
resumed, stopped and checked like any other. What a repository is, its files decide: see
``studio.sources.choice``. Code in a repository is neither fetched nor run.
"""

import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest
from contract.events import Progress
from studio.catalogue import Entry, ModelFile, Source
from studio.manifest import inside
from studio.sources import http_file
from studio.sources.choice import choose, pair_of
from studio.sources.contents import check_contents, ctranslate2_spec

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

PREFIX = "hf:"
_NAME = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::(?P<tag>[\w.-]+))?", re.ASCII)
_TIMEOUT_S = 20.0


def describe(model_id: str, *, endpoint: str = "") -> Entry:
    """What ``hf:owner/name`` is; of a GGUF repository ``hf:owner/name:Q8_0`` is one quantisation.

    Args:
        endpoint: The Hub's address; "": HF_ENDPOINT, or huggingface.co.

    Raises:
        InvalidRequest: It is not such a name.
        DownloadFailed: Not reached, not there, not allowed, or nothing in it that can be read safely.
    """
    match = _NAME.fullmatch(model_id.removeprefix(PREFIX))
    if match is None or ".." in model_id:
        raise InvalidRequest(
            f"{model_id[:80]!r} is not a Hub model. Write it as hf:owner/name, for instance hf:stabilityai/sd-turbo.",
            field="model",
        )
    repo, tag = match["repo"], match["tag"] or ""
    info = _info(repo, "", endpoint)
    chosen = choose(repo, _files(info), tag, _architectures(info))
    languages = getattr(info.card_data, "language", None) or []
    one_way = chosen.kind == "translation" and "MarianMTModel" in _architectures(info)
    source_lang, target_lang = (pair_of(repo) if one_way else None) or (None, None)
    if source_lang is not None and target_lang is not None:
        languages = [source_lang, target_lang]
    licence = getattr(info.card_data, "license_name", None) or getattr(info.card_data, "license", None)
    return Entry(
        id=model_id.lower(),
        engine=chosen.engine,
        kind=chosen.kind,
        title=repo.rsplit("/", 1)[1] + (f" ({tag})" if tag else ""),
        source=Source(type="hub", name=repo, revision=info.sha or "main"),
        files=chosen.files,
        size_bytes=sum(file.size_bytes for file in chosen.files),
        languages=tuple(code for code in ([languages] if isinstance(languages, str) else languages) if len(code) == 2),
        source_lang=source_lang,
        target_lang=target_lang,
        licence=str(licence or "see its model card"),
        note=f"From the Hugging Face Hub, by {repo.split('/', 1)[0]}.",
    )


def fetch(
    entry: Entry, into: Path, stop: Stop, *, endpoint: str = ""
) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Download the entry's files, or those that the Hub's list and ``choose`` tell when it names none."""
    import huggingface_hub as hf  # 0.3 s, and only a download needs it
    from huggingface_hub import constants  # as an attribute it is there only once something else has loaded it

    source = entry.source
    if constants.HF_HUB_OFFLINE:
        raise _offline(source.name)
    files, revision = entry.files, source.revision
    if not files or any(not file.size_bytes for file in files):
        files, revision = _listed(entry, endpoint)
    token = hf.get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    wanted = [
        http_file.Wanted(
            url=hf.hf_hub_url(source.name, file.origin or file.path, revision=revision, endpoint=endpoint or None),
            path=inside(into, file.path),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            md5=file.md5,
            headers=headers,
        )
        for file in files
    ]
    try:
        with http_file.new_client() as client:
            arrived = yield from http_file.stream_all(client, wanted, stop)
    except DownloadFailed as exc:
        raise _file_failed(source.name, exc) from exc
    if arrived is None:
        return ()
    for file in wanted:
        check_contents(file.path)
    if entry.engine == "whisper" and _spec_of(into / "model.bin") != "WhisperSpec":
        raise _failed(source.name, "its model.bin is no Whisper model", reason="unsuitable")
    return tuple(
        replace(file, size_bytes=got.size_bytes, sha256=got.sha256) for file, got in zip(files, arrived, strict=True)
    )


def beside(entry: Entry, origin: str, into: Path, stop: Stop, *, limit_bytes: int, endpoint: str = "") -> bool:
    """Download one small file that lies in the repository of a model; returns whether it came: not when stopped.

    Args:
        origin: Its path there.
        into: Where it goes.

    Raises:
        DownloadFailed: As ``fetch``; ``details["status"]`` is 404 where there is no such file.
    """
    import huggingface_hub as hf
    from huggingface_hub import constants

    source = entry.source
    if constants.HF_HUB_OFFLINE:
        raise _offline(source.name)
    token = hf.get_token()
    wanted = http_file.Wanted(
        url=hf.hf_hub_url(source.name, origin, revision=source.revision or None, endpoint=endpoint or None),
        path=into,
        limit_bytes=limit_bytes,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    try:
        with http_file.new_client() as client:
            for _ in http_file.stream(client, wanted, stop):
                pass
    except DownloadFailed as exc:
        raise _file_failed(source.name, exc) from exc
    return into.exists()  # it gets its name when it is whole


def _listed(entry: Entry, endpoint: str) -> tuple[tuple[ModelFile, ...], str]:
    """An entry's files with the sizes and checksums that the Hub lists, and the commit they are of."""
    name = entry.source.name
    info = _info(name, entry.source.revision, endpoint)
    there = {file.path: file for file in _files(info)}
    if not entry.files:
        chosen = choose(name, tuple(there.values()), "", _architectures(info))
        if chosen.engine != entry.engine:
            raise _failed(name, f"it is for {chosen.engine} now, not for {entry.engine}", reason="unsuitable")
        return chosen.files, info.sha or "main"
    missing = [file.path for file in entry.files if (file.origin or file.path) not in there]
    if missing:
        raise _failed(name, f"it no longer holds {', '.join(missing)}", reason="refused")
    files = []
    for file in entry.files:
        listed = there[file.origin or file.path]
        files.append(
            replace(file, size_bytes=file.size_bytes or listed.size_bytes, sha256=file.sha256 or listed.sha256)
        )
    return tuple(files), info.sha or "main"


def _files(info: "ModelInfo") -> tuple[ModelFile, ...]:
    return tuple(
        ModelFile(path=item.rfilename, size_bytes=item.size or 0, sha256=item.lfs.sha256 if item.lfs else "")
        for item in info.siblings or []
    )


def _architectures(info: "ModelInfo") -> tuple[str, ...]:
    named = (getattr(info, "config", None) or {}).get("architectures")
    in_gguf = (getattr(info, "gguf", None) or {}).get("architecture")
    return (*(map(str, named) if isinstance(named, list) else ()), *([str(in_gguf)] if in_gguf else ()))


def _info(repo: str, revision: str, endpoint: str) -> "ModelInfo":
    """Ask the Hub what the repository holds; each of its errors as one sentence."""
    import httpx2  # what huggingface_hub speaks HTTP with, and raises errors of
    import huggingface_hub as hf

    try:
        return hf.HfApi(endpoint=endpoint or None).model_info(
            repo, revision=revision or None, files_metadata=True, timeout=_TIMEOUT_S
        )
    except hf.errors.OfflineModeIsEnabled as exc:
        raise _offline(repo) from exc
    except hf.errors.GatedRepoError as exc:
        raise _gated(repo) from exc
    except hf.errors.RepositoryNotFoundError as exc:
        raise _unknown(repo) from exc
    except hf.errors.HFValidationError as exc:
        raise InvalidRequest(f"{repo!r} is not the name of a Hub model. Write it as hf:owner/name.") from exc
    except hf.errors.HfHubHTTPError as exc:
        raise _failed(repo, f"the Hub answered {exc.response.status_code}. Try again later", reason="refused") from exc
    except (httpx2.HTTPError, OSError) as exc:
        raise _unreachable(repo) from exc


def _file_failed(repo: str, exc: DownloadFailed) -> DownloadFailed:
    status, reason = exc.details.get("status"), exc.details.get("reason")
    if status == 401:
        return _unknown(repo)
    if status == 403:
        return _gated(repo)
    if reason == "unreachable":
        return _unreachable(repo)
    return DownloadFailed(f"{repo}: {exc.message}", model=repo, reason=reason, status=status)


def _spec_of(path: Path) -> str:
    with path.open("rb") as file:
        return ctranslate2_spec(file.read(256))


def _failed(repo: str, why: str, *, reason: str) -> DownloadFailed:
    return DownloadFailed(f"{repo} could not be downloaded: {why}.", model=repo, reason=reason)


def _offline(repo: str) -> DownloadFailed:
    return _failed(
        repo, "HF_HUB_OFFLINE is set, so the Hub is not asked. Unset it and start Hearth again", reason="offline"
    )


def _unreachable(repo: str) -> DownloadFailed:
    return _failed(
        repo,
        "the Hugging Face Hub does not answer. Connect to the network and try again, or set HF_ENDPOINT to a mirror "
        "that this machine reaches",
        reason="unreachable",
    )


def _gated(repo: str) -> DownloadFailed:
    return _failed(
        repo,
        f"its authors ask for consent first. Accept their terms on the page of {repo}, set HF_TOKEN to your token, "
        "and start Hearth again",
        reason="gated",
    )


def _unknown(repo: str) -> DownloadFailed:
    return _failed(
        repo,
        "the Hub has no such model, or not for you. Check the name; for a private one set HF_TOKEN and start "
        "Hearth again",
        reason="not_found",
    )
