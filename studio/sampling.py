"""How a voice sounds before it is chosen, by way of the Studio: its publisher's sample, or a sentence of its own.

A voice that is here speaks a sentence of its language, an ordinary request of speech. Of one that is not, the
publisher's sample is fetched when somebody asks for it, and kept, so that it is heard again without a network.
"""

from pathlib import Path

from contract.engine import Stop
from contract.errors import InvalidRequest, ModelNotInstalled, NotFound
from contract.events import Artifact
from contract.models import ModelSpec
from contract.requests import Request, SpeechRequest
from store import StoredFile
from studio import jupyter
from studio.caller import Caller
from studio.catalogue import unknown
from studio.inventory import Inventory
from studio.job import Job
from studio.manifest import folder_name
from studio.results import VoiceSample
from studio.sources import voice_sample

FOLDER = "voice_samples"
# The first sentence of article 1 of the Universal Declaration of Human Rights, as the United Nations publish it.
SENTENCES = {
    "ca": "Tots els éssers humans neixen lliures i iguals en dignitat i en drets.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
    "da": "Alle mennesker er født frie og lige i værdighed og rettigheder.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "en": "All human beings are born free and equal in dignity and rights.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van.",
    "is": "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
    "ka": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.",
    "kk": "Барлық адамдар тумысынан азат және қадір-қасиеті мен құқықтары тең болып дүниеге келеді.",
    "lb": "All Mënsch kënnt fräi a mat deer selwechter Dignitéit an dene selwechte Rechter op d'Welt.",
    "ne": "सबै व्यक्तिहरू जन्मजात स्वतन्त्र हुन् ती सबैको समान अधिकार र महत्व छ।",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
    "no": "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "sk": "Všetci ľudia sa rodia slobodní a sebe rovní, čo sa týka ich dôstojnosti a práv.",
    "sr": "Сва људска бића рађају се слободна и једнака у достојанству и правима.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter.",
    "sw": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах.",
    "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.",
    "zh": "人人生而自由，在尊严和权利上一律平等。",
}


class Sampling(Inventory):
    """What a Studio does with samples of voices."""

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a stored file; see Studio."""
        raise NotImplementedError

    def voice_sample(self, voice: str, caller: Caller | None = None, stop: Stop | None = None) -> VoiceSample:
        """Return how a voice sounds; waits until it is fetched or spoken.

        Args:
            voice: Its id, here or in the catalogue.
            stop: Ends the fetching.

        Raises:
            StudioError: Nobody knows the voice, it has no sample, or that could not be fetched or kept.
        """
        try:
            spec = self.spec(voice, "speech")
        except ModelNotInstalled:
            return self._sample_published(voice, stop or Stop())
        return self._sample_spoken(spec, caller or Caller())

    def kept_sample(self, voice: str) -> Path:
        """Return the file of a publisher's sample that ``voice_sample`` has fetched; raises NotFound."""
        kept = self._sample_place(voice)
        if not kept.is_file():
            raise NotFound(f"No sample of {voice[:200]!r} is kept. POST /models/samples fetches it.", model=voice[:200])
        return kept

    def _sample_place(self, voice: str) -> Path:
        return self.settings.data_dir / FOLDER / f"{folder_name(voice.lower())}.mp3"

    def _sample_published(self, voice: str, stop: Stop) -> VoiceSample:
        entry = self.registry.catalogue.get(voice.lower())
        if entry is None:
            raise unknown(voice, self.registry.catalogue)
        if entry.kind != "speech":
            raise InvalidRequest(f"{entry.title} is no voice. Name one of kind speech.", field="model", model=entry.id)
        kept = self._sample_place(entry.id)
        if not kept.is_file() and not voice_sample.fetch(entry, kept, stop):
            raise NotFound(f"Fetching the sample of {entry.title} was stopped.", model=entry.id)
        return VoiceSample(voice=entry.id, title=entry.title, path=kept, by="publisher")

    def _sample_spoken(self, spec: ModelSpec, caller: Caller) -> VoiceSample:
        # A voice that names no language, as one put here by hand may, is tried in English.
        text = next((SENTENCES[code] for code in spec.languages or ("en",) if code in SENTENCES), None)
        if text is None:
            raise NotFound(
                f"There is no sentence to try {spec.title} on. Have it speak a text of yours.", model=spec.id
            )
        job = self.submit(SpeechRequest(text=text, model=spec.id), caller)
        jupyter.wait(job)
        made = [self.artifact(event.id, caller) for _, event in job.snapshot() if isinstance(event, Artifact)]
        file = next(file for file in made if file.mime == "audio/mpeg")
        return VoiceSample(voice=spec.id, title=spec.title, path=file.path, by="voice", text=text, file=file.id)
