"""Sounds to edit, and independent measures of what came out: lengths and spectra by numpy, loudness by the standard."""

import wave
from pathlib import Path

import av
import numpy as np

from studio import Caller, Job, Recording, Step, Studio
from tests.echo_models import until

RATE_HZ = 48_000
ME = Caller()


def tone(seconds: float, hz: float = 440, level: float = 0.25, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A sine."""
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def write_wav(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """Write float samples, (n,) or (n, channels), as 16-bit WAV."""
    columns = samples if samples.ndim == 2 else samples[:, None]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(columns.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.rint(columns * 32_767).astype("<i2").tobytes())
    return path


def write_mp3(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """Write mono float samples, (n,), as MP3."""
    with av.open(str(path), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate_hz, layout="mono", format="fltp")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        fifo = av.AudioFifo()
        fifo.write(frame)
        for piece in fifo.read_many(1152, partial=True):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def read(path: Path, rate_hz: int | None = None) -> tuple[np.ndarray, int]:
    """Return a file's samples, (n, channels), and its rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = rate_hz or stream.codec_context.sample_rate
        resampler = av.AudioResampler(format="fltp", rate=rate)
        parts = [out.to_ndarray() for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        parts += [out.to_ndarray() for out in resampler.resample(None)]
    return np.concatenate(parts, axis=1).T, rate


def loudest_hz(samples: np.ndarray, rate_hz: int) -> float:
    """Return the frequency that a sound has most of."""
    mono = samples.reshape(len(samples), -1).mean(axis=1)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    return float(np.argmax(power) * rate_hz / len(mono))


def level_db(samples: np.ndarray) -> float:
    """Return the level (RMS) in dB under full scale."""
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def lufs(samples: np.ndarray, rate_hz: int) -> float:
    """Return the integrated loudness by the text of ITU-R BS.1770-4, annex 1; its filters are given for 48 kHz."""
    assert rate_hz == 48_000
    columns = samples if samples.ndim == 2 else samples[:, None]
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * len(columns)))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weighted = np.fft.irfft(np.fft.rfft(columns, 2 * len(columns), axis=0) * (shelf * high_pass)[:, None], axis=0)
    squares = np.square(weighted[: len(columns)])
    block, step = round(0.4 * rate_hz), round(0.1 * rate_hz)
    powers = np.array([squares[at : at + block].mean(axis=0).sum() for at in range(0, len(squares) - block + 1, step)])
    loudness = -0.691 + 10 * np.log10(powers + 1e-20)
    powers = powers[loudness > -70]
    relative = -0.691 + 10 * np.log10(powers.mean()) - 10
    return float(-0.691 + 10 * np.log10(powers[-0.691 + 10 * np.log10(powers) > relative].mean()))


def ended(job: Job | None) -> None:
    """Wait for a job's end, if there is one."""
    if job is not None:
        until(lambda: job.finished)


def added(studio: Studio, path: Path, name: str = "") -> Recording:
    """Take a file into the library."""
    job = studio.add_recording(path, name or path.name, ME)
    ended(job)
    return studio.recording_of(job, ME)


def edited(studio: Studio, recording: Recording, *steps: Step) -> Recording:
    """Put steps over a recording and wait for its sound."""
    ended(studio.set_steps(recording.id, steps, ME))
    return studio.recording(recording.id, ME)


def sound_of(studio: Studio, recording: Recording, number: int = 0) -> tuple[np.ndarray, int]:
    """Return the samples of what a recording's steps made."""
    assert recording.state == "ready", recording.error
    return read(studio.artifact(recording.results[number], ME).path)
