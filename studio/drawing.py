"""Pictures beside ``submit``: the gallery, and the queue that a reload and a restart leave as it was.

What the dashboard asks to be drawn stands in ``image_queue`` until it is drawn. At a start, what had not begun is
submitted again in its order; what was being drawn when its process died waits for its person to try it again, for it
may be what the process died of.
"""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import structlog

import engines
from contract.errors import Conflict, InvalidRequest, NotFound, StudioError
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.models import ImageRange, Kind
from contract.requests import Request
from store import Artifacts, Database, Gallery, ImageGrid, ImageGrids, ImageQueue, QueueEntry
from store.database import timestamp
from studio import image_parameters
from studio.background import Background
from studio.caller import Caller
from studio.image_parameters import ImageParameters
from studio.job import Job
from studio.lanes import Lane
from studio.registry import Registry

log = structlog.get_logger(__name__)
MOST_ZIPPED = 500
KEPT_DELETED_S = 600
_SPOOLED_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedImage:
    """An entry of the queue, and where its job stands.

    Attributes:
        position: How many jobs are before it, and it among them; 0 where it does not wait.
    """

    entry: QueueEntry
    position: int = 0


class Drawing:
    """What a Studio offers for pictures."""

    artifacts: Artifacts
    registry: Registry
    lanes: dict[str, Lane]
    gallery: Gallery
    background: Background

    def begin_drawing(self, database: Database) -> None:
        """Make the gallery and the queue."""
        self.gallery = Gallery(database, self.artifacts)
        self._queue = ImageQueue(database)
        self._grids = ImageGrids(database)
        self.background.put(self._purge_pictures)

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return the unfinished jobs; see Studio."""
        raise NotImplementedError

    def take(self, request: Request, caller: Caller, entry: QueueEntry | None = None) -> Job:
        """Take a request, for an entry that is there already; see Studio."""
        raise NotImplementedError

    def image_range(self, model: str | None = None) -> ImageRange | None:
        """Return what a model draws by itself and may be asked for; None: only trying it tells.

        Raises:
            StudioError: There is no such model, or its files can't be read.
        """
        spec = self.registry.find(model, "image")
        return engines.ENGINES[spec.engine].image_range(spec)

    # The queue

    def keep_in_queue(self, job: Job, entry: QueueEntry | None) -> None:
        """Keep what a job is to draw or to enlarge by a model, before it can begin.

        Args:
            entry: What it tries again; None: something new.

        Raises:
            Conflict: Somebody else tries that entry already.
        """
        request = job.request
        lasting = isinstance(request, ImageRequest) or (isinstance(request, UpscaleRequest) and request.model)
        if not lasting or (entry is None and job.caller.via != "ui"):
            return
        if entry is not None:
            if not self._queue.try_again(entry, job.id):
                raise Conflict("This picture is being drawn already, or was removed. Look at the queue again.")
            return
        asked = {
            field.name: value
            for field in fields(request)
            if field.name not in ("image", "mask")
            # That it has a scale is what tells enlarging from drawing.
            and ((value := getattr(request, field.name)) != field.default or field.name == "scale")
        }
        self._queue.add(
            QueueEntry(
                id="", owner=job.caller.owner, job_id=job.id, state="waiting", place=0, request=asked,
                image=getattr(request, "image", None), mask=getattr(request, "mask", None),
            )
        )  # fmt: skip

    def image_queue(self, caller: Caller) -> list[QueuedImage]:
        """Return a caller's queue, in the order in which it is drawn; what failed or was cancelled stands among it."""
        position = {job.id: job.position for job in self.jobs(caller, "image")}
        return [
            QueuedImage(entry=entry, position=position.get(entry.job_id or "", 0))
            for entry in self._queue.of(caller.owner)
        ]

    def move_image(self, entry_id: str, caller: Caller, *, up: bool) -> None:
        """Swap a waiting entry with the caller's waiting one before it, or after it; at the end it stays.

        Raises:
            Conflict: It does not wait any more.
        """
        jobs = {job.id: job for job in self.jobs(caller, "image")}
        waiting = [
            entry
            for entry in self._queue.of(caller.owner)
            if entry.state == "waiting" and (job := jobs.get(entry.job_id or "")) is not None and job.position
        ]
        places = [entry.id for entry in waiting]
        if entry_id not in places:
            self._queue.get(entry_id, caller.owner)
            raise Conflict("Only what still waits can be moved. This one is being drawn, or has ended.")
        here = places.index(entry_id)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(waiting):
            return
        one, other = jobs[waiting[here].job_id or ""], jobs[waiting[there].job_id or ""]
        if not any(lane.swap(one, other) for lane in self.lanes.values()):
            raise Conflict("Only what still waits can be moved. One of the two is being drawn now.")
        self._queue.swap(waiting[here], waiting[there])

    def cancel_image(self, entry_id: str, caller: Caller) -> None:
        """Stop an entry's job; the entry stays, to be tried again or removed. One that has ended is left as it is."""
        entry = self._queue.get(entry_id, caller.owner)
        for job in self.jobs(caller, "image"):
            if job.id == entry.job_id:
                job.cancel()
        self._queue.flush()  # so that who looks next sees one that waited ended

    def retry_image(self, entry_id: str, caller: Caller) -> Job:
        """Submit an entry again that failed, was cancelled or was cut off.

        Raises:
            Conflict: It waits or is being drawn.
            StudioError: It is refused; the entry stays.
        """
        entry = self._queue.get(entry_id, caller.owner)
        if entry.state in ("waiting", "running"):
            raise Conflict("This picture is in the queue already. Cancel it first, or wait for it.")
        return self.take(_request(entry), caller, entry)

    def remove_image(self, entry_id: str, caller: Caller) -> None:
        """Take an entry out of the queue; its job is cancelled."""
        self.cancel_image(entry_id, caller)
        self._queue.remove(entry_id, caller.owner)

    def resume_images(self) -> None:
        """Submit what earlier processes left waiting, in its order."""
        for entry in self._queue.left_over():
            try:
                self.take(_request(entry), Caller(owner=entry.owner, role="user", via="ui"), entry)
            except Conflict:
                continue  # another Hearth that started beside us was first
            except StudioError as error:
                self._queue.fail(entry, error.message)
            except TypeError:  # a field that another version of Hearth had
                self._queue.fail(entry, "This was asked of another version of Hearth. Ask anew.")

    def hold_images(self) -> None:
        """Before the end: let what is not drawn wait for the next start."""
        self._queue.hold([job.id for job in self.jobs(None, "image")])

    # The grid

    def draw_grid(
        self, requests: Sequence[ImageRequest], caller: Caller, axes: tuple[str, str], values: tuple[Sequence[str], ...]
    ) -> list[Job]:
        """Submit a picture for each pair of values, row by row; the grid is kept until the next one, or put away.

        Args:
            axes: Names of the settings that differ across and down.
            values: Those across, and those down, as a person wrote them.

        Raises:
            StudioError: One is refused; then none is drawn, for a grid with holes is of no use.
        """
        jobs: list[Job] = []
        try:
            for request in requests:
                jobs.append(self.take(request, caller))
        except StudioError:
            self._take_out([job.id for job in jobs], caller)
            raise
        self._grids.put(caller.owner, axes, values, [job.id for job in jobs])
        return jobs

    def image_grid(self, caller: Caller) -> ImageGrid | None:
        """Return the grid that the caller had drawn last, as it stands now; None: there is none."""
        return self._grids.last(caller.owner)

    def cancel_grid(self, caller: Caller) -> None:
        """Leave out what is not drawn yet of the caller's last grid."""
        if (grid := self._grids.last(caller.owner)) is not None:
            self._take_out([cell.job_id for cell in grid.cells if cell.state in ("waiting", "running")], caller)

    def forget_grid(self, caller: Caller) -> None:
        """Put the caller's last grid away; its pictures stay in the gallery."""
        self._grids.forget(caller.owner)

    def _take_out(self, job_ids: list[str], caller: Caller) -> None:
        for job in self.jobs(caller, "image"):
            if job.id in job_ids:
                job.cancel()
        self._queue.remove_jobs(job_ids)  # waits, so that who looks next sees them ended

    # Files

    def delete_pictures(self, picture_ids: Sequence[str], caller: Caller) -> list[str]:
        """Take pictures out of sight; ``bring_pictures_back`` has ten minutes, then they are purged.

        Returns:
            Those that were there.
        """
        gone = self.gallery.take_away(picture_ids, caller.owner)
        self.background.later(KEPT_DELETED_S + 1, self._purge_pictures)
        return gone

    def bring_pictures_back(self, picture_ids: Sequence[str], caller: Caller) -> None:
        """Show deleted pictures again.

        Raises:
            NotFound: Not all of them are still kept.
        """
        if self.gallery.bring_back(picture_ids, caller.owner) < len(picture_ids):
            raise NotFound("Deleted pictures are kept for ten minutes; these are gone. Draw them anew.")

    def _purge_pictures(self) -> None:
        self.gallery.purge(timestamp(datetime.now(UTC) - timedelta(seconds=KEPT_DELETED_S)))

    def picture_parameters(self, picture_id: str, caller: Caller) -> ImageParameters:
        """Return how one of the caller's pictures was made.

        Raises:
            NotFound: There is no such picture. InvalidRequest: It does not say.
        """
        with self.gallery.get(picture_id, caller.owner).file.path.open("rb") as file:
            return image_parameters.read(file)

    def zip_pictures(self, picture_ids: Sequence[str], owner: str) -> BinaryIO:
        """Return a ZIP file of pictures, at its beginning; close it after use.

        Raises:
            InvalidRequest: None, or too many. NotFound: One is not there.
        """
        if not 1 <= len(picture_ids) <= MOST_ZIPPED:
            raise InvalidRequest(f"There are {len(picture_ids)} pictures; choose 1 to {MOST_ZIPPED}.", field="id")
        pictures = [self.gallery.get(picture_id, owner) for picture_id in dict.fromkeys(picture_ids)]
        file = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115 (the caller closes it)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:  # PNG is compressed already
            for number, picture in enumerate(pictures, start=1):
                packed.write(picture.file.path, f"{number:03d}-{picture.file.name}")
        file.seek(0)
        return file  # type: ignore[return-value]  # it has all that a binary file has


def _request(entry: QueueEntry) -> ImageRequest | UpscaleRequest:
    if "scale" in entry.request:
        return UpscaleRequest(**entry.request, image=entry.image or b"")  # type: ignore[arg-type]  # check() looks
    return ImageRequest(**entry.request, image=entry.image, mask=entry.mask)  # type: ignore[arg-type]  # check() looks
