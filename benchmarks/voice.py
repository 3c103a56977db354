"""A turn of a conversation by voice: from the end of a spoken question to the first sound of its answer.

The question is spoken by the starter voice, so each run hears the same; the models are in memory, as they are once the
voice is open. The page adds the pause by which it knows that somebody has done speaking.
"""

import asyncio
import time
import wave
from pathlib import Path

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import data_folder, with_starters
from studio import Caller, ChatSettings, Delta, Segment, Settings, SpeechRequest, Studio, TranscribeRequest

QUESTION = "What is a good thing to cook for a cold evening, and why?"
PAUSE_S = 0.8  # PAUSE of ui/assets/voice.js: 25 blocks of 32 ms
CALLER = Caller(via="ui")


def spoken_question(studio: Studio, path: Path) -> float:
    """Write the question as a page sends it, 16 kHz, 16 bit, mono; returns how long it is, in seconds."""
    import av

    job = studio.submit(SpeechRequest(text=QUESTION), CALLER)
    job.wait()
    assert job.speech is not None
    with av.open(str(job.speech.wav)) as spoken, wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        frames = [*spoken.decode(audio=0), None]
        for out in (part for frame in frames for part in resampler.resample(frame)):
            file.writeframes(out.to_ndarray().tobytes())
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


async def turn(studio: Studio, path: Path) -> Sample:
    """Take one turn and tell when each stage was reached, in seconds from the end of speech."""
    began = time.perf_counter()
    heard = studio.submit(TranscribeRequest(audio=path), CALLER)
    text = " ".join([event.text.strip() async for _, event in heard.events() if isinstance(event, Segment)])
    recognised = time.perf_counter() - began
    settings = ChatSettings(temperature=0.0, max_tokens=120)
    _, reply = await asyncio.to_thread(studio.say, None, text, CALLER, settings=settings, spoken=True)
    voice = studio.speak_reply(reply, CALLER, "en")

    async def first(kind: type) -> float:
        async for _, event in reply.events():
            if isinstance(event, kind):
                return time.perf_counter() - began
        raise AssertionError("the model said nothing")

    async def sound() -> float:
        async for _ in studio.audio_stream(voice, "pcm"):
            return time.perf_counter() - began
        raise AssertionError("the voice said nothing")

    token, heard_at = await asyncio.gather(first(Delta), sound())
    await asyncio.to_thread(reply.wait)
    written = time.perf_counter() - began
    await asyncio.to_thread(voice.wait)
    return {
        "recognised": recognised,
        "token": token,
        "after_token": heard_at - token,
        "sound": heard_at,
        "felt": heard_at + PAUSE_S,
        "written": written,
    }


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        settings = Settings(data_dir=with_starters(folder / "data"), no_starters=True, ollama_host="http://127.0.0.1:9")
        with Studio.open(settings) as studio:
            seconds = spoken_question(studio, folder / "question.wav")
            studio.warm_up([studio.ears_for("en"), studio.voice_for("en"), studio.spec(None, "chat")])
            asyncio.run(turn(studio, folder / "question.wav"))  # what is set up at the first use of each
            made = alternate(lambda: asyncio.run(turn(studio, folder / "question.wav")), dict, effort)
    return result(
        "voice",
        made,
        [
            row("voice: question written down", "ms", made, "recognised", "", scale=1000),
            row("voice: first token of the answer", "ms", made, "token", "", scale=1000),
            row("voice: first token to first sound", "ms", made, "after_token", "", scale=1000),
            row("voice: end of speech to first sound", "ms", made, "sound", "", scale=1000),
            row("voice: the same with the pause that ends a turn", "ms", made, "felt", "", scale=1000),
            row("voice: whole answer written", "ms", made, "written", "", scale=1000),
        ],
        [f"The spoken question of `benchmarks.voice` is {seconds:.1f} s long; every figure counts from its end."],
    )


if __name__ == "__main__":
    run("voice", __doc__, measure)
