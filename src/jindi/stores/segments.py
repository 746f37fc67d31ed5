"""The log as files: batches framed one after another in zero-filled segments of a fixed size.

A folder holds `log` (whose log this is, and the lock), segments named by their first sequence number, at
most one `next.new` that is being filled with zeros for the next segment, and `torn-…` files: the bytes of
batches that a crash left half written, kept for whoever wants to see them.

    segment = header sector | frames … zeros | seal sector (zeros until the segment is full)
    frame   = magic, checksum of this header, checksum of the batch, length, records, zeros, first | batch
              padded with zeros to 32 bytes, so that a header never straddles two sectors

The one assumption about the disk: a sector of 512 bytes is written whole or not at all, in any order until
a sync returns. Only one batch is ever under way, so after a crash everything before it is as it was synced,
and every sector of it holds either its new bytes or the zeros of before. Hence what recovery can tell:

- nothing but zeros after the last good frame: a clean end;
- a frame with a whole piece (its part of one sector) missing, or cut off at the end, and nothing behind it:
  torn. It was never acknowledged; it is kept aside and cut away. The header counts the pieces that are
  zeros by nature, so a batch may hold any bytes;
- anything else is damage, and the log refuses to open: it would have to guess.

What it cannot tell: a disk that loses whole sectors of the very last acknowledged batch looks like a torn
one, and a log whose last batches were wiped with zeros looks shorter than it was. Checkpoints kept elsewhere
find both (`jindi.journal`). A stray bit in the zeros behind the end can look like a torn batch: it is kept
aside and noted, and nothing that was acknowledged is touched.
"""

import os
import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zlib import crc32

from jindi.ports import Frame, LogDamaged, LogFailure, LogHeld
from jindi.stores.disk import Disk, FileSystem, failure_words
from jindi.stores.memory_log import out_of_turn

SEGMENT_BYTES = 64 * 1024 * 1024
"""The usual size of a segment; a batch that is larger gets a segment of its own size."""

SECTOR = 512
_ALIGN = 32
_STEP = 1024 * 1024  # bytes that are zero-filled, read or indexed at a time
_MARK = 64 * 1024  # one entry of the index for so many bytes of a segment

_NAME = re.compile(r"(\d{20})\.segment\Z", re.ASCII)
_TORN = re.compile(r"torn-(\d{20})-(\d+)-(\d+)\.bytes\Z", re.ASCII)
_IDENTITY = re.compile(rb"jindi log 1 ([0-9a-f]{32})\n")

_MAGIC = b"\xf5\xc1J\xfe"  # no UTF-8 text contains it
_HEADER = struct.Struct("<4sIIIIIQ")
_HEADER_REST = struct.Struct("<IIIIQ")
_WORD = struct.Struct("<I")
_SEGMENT = struct.Struct("<8sIIQQ16s")
_SEGMENT_MAGIC = b"JINDISEG"
_SEAL = struct.Struct("<8sIIQQQ")
_SEAL_MAGIC = b"JINDISEA"
_ZERO_SECTOR = bytes(SECTOR)
_ZERO_STEP = bytes(_STEP)
_PADS = tuple(bytes(size) for size in range(_ALIGN))
_RESTORE = "put the file back from a copy, then check with `jindi verify`"


class _Unframed(Exception):  # noqa: N818 - a place, not yet an error
    """Where a walk over frames found none: offset, the sequence number expected there, and why."""

    def __init__(self, at: int, seq: int, why: str) -> None:
        self.at, self.seq, self.why = at, seq, why
        super().__init__(why)


class _Segment:
    """One file: where its frames begin and end, and a coarse index into them."""

    __slots__ = ("capacity", "end", "first", "marks", "name", "next_seq", "path", "seed")

    def __init__(self, folder: str, first: int, capacity: int, seed: int) -> None:
        self.name = f"{first:020d}.segment"
        self.path = f"{folder}/{self.name}"
        self.first, self.capacity, self.seed = first, capacity, seed
        self.next_seq = first
        self.end = SECTOR  # where the next frame goes; readers go no further
        self.marks = array("Q", (first, SECTOR))  # sequence number, offset, sequence number, offset, …

    @property
    def limit(self) -> int:
        """The offset of the seal sector: frames end before it."""
        return self.capacity - SECTOR

    def nearest(self, seq: int) -> tuple[int, int]:
        """The last indexed (sequence number, offset) that is not after `seq`, or the segment's first."""
        marks = self.marks  # a reader may put a longer one in its place meanwhile
        at = bisect_right(range(len(marks) // 2), max(seq, self.first), key=lambda entry: marks[2 * entry]) - 1
        return marks[2 * at], marks[2 * at + 1]


class SegmentLog:
    """The `Log` port over zero-filled segments: one write and one data sync for each batch.

    `segment_bytes` is a segment's size (a multiple of 512, at least 2,048). `on_sealed` is called with the
    sequence number after a full segment's last record, before the batch that did not fit is written.
    `thorough` makes opening read every batch instead of the newest segment and the seals of the others.
    `read_only` takes no lock and mends nothing: it is for looking at a log, even while another process
    appends to it. Raises LogFailure when the folder can't be used or another process has the log, and
    LogDamaged when what is there is not what was written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        file_system: FileSystem | None = None,
        on_sealed: Callable[[int], None] | None = None,
        thorough: bool = False,
        read_only: bool = False,
    ) -> None:
        if segment_bytes < 4 * SECTOR or segment_bytes % SECTOR:
            raise ValueError(f"segment_bytes must be a multiple of {SECTOR}, at least {4 * SECTOR}")
        self._fs = file_system if file_system is not None else Disk()
        self._folder = os.fspath(folder)
        self._segment_bytes, self._read_only, self._on_sealed = segment_bytes, read_only, on_sealed
        self._step = min(_STEP, segment_bytes // 4 // SECTOR * SECTOR)
        self._segments: list[_Segment] = []
        self._notes: list[str] = []
        self._fault = ""
        self._lock_fd = self._fd = self._spare = -1
        self._spare_filled = self._step_due = 0
        self._next = 0
        self._id = b""
        try:
            self._open(thorough)
        except OSError as problem:
            self._let_go()
            what, remedy = failure_words(problem)
            raise LogFailure(f"{self._folder}: the log can't be opened: {what} ({remedy})") from problem
        except BaseException:
            self._let_go()
            raise
        if read_only:
            self._fault = f"{self._folder}: the log was opened for reading only (open it for appending)"

    # -- the port

    def append(self, batch: bytes, first: int, count: int) -> None:
        """Make one batch durable: one write, one data sync; LogFailure when either fails.

        After a failure every later append fails too, until the log is opened again.
        """
        if self._fault:
            raise LogFailure(self._fault)
        if first != self._next or count < 1:
            self._fault = out_of_turn(self._folder, first, count, self._next)
            raise LogFailure(self._fault)
        segment = self._segments[-1]
        self._fault = f"{segment.path}: the last append was broken off (open the log again)"
        try:
            pad = _PADS[-len(batch) % _ALIGN]
            size = _ALIGN + len(batch) + len(pad)
            if segment.end + size > segment.limit:
                segment = self._rotate(size)
            at = segment.end
            rest = _HEADER_REST.pack(crc32(batch, segment.seed), len(batch), count, _zeros(batch, at, size), first)
            frame = b"".join((_MAGIC, _WORD.pack(crc32(rest, segment.seed)), rest, batch, pad))
            self._fs.write(self._fd, frame, at)
            self._fs.sync(self._fd)
        except OSError as problem:
            what, remedy = failure_words(problem)
            self._fault = f"{segment.path}: a batch could not be made durable: {what} ({remedy})"
            raise LogFailure(self._fault) from problem
        self._next = segment.next_seq = first + count
        if at - segment.marks[-1] >= _MARK:
            segment.marks.extend((first, at))
        segment.end = at + size  # readers see the frame from here on
        self._fault = ""
        if segment.end >= self._step_due:
            self._fill_ahead(segment)

    def read(self, first: int = 0) -> Iterator[Frame]:
        """All acknowledged batches from the one that holds `first`; LogDamaged at the first bad place."""
        at = bisect_right(self._segments, first, key=lambda segment: segment.first) - 1
        for segment in _growing(self._segments, max(at, 0)):
            yield from self._read_segment(segment, first)

    def next_seq(self) -> int:
        """The sequence number that the next record will get."""
        return self._next

    def notes(self) -> tuple[str, ...]:
        """What opening found and mended, in sentences."""
        return tuple(self._notes)

    def close(self) -> None:
        """Release files and locks; the log can't be appended to any more."""
        self._fault = self._fault or f"{self._folder}: the log is closed (open it again)"
        self._let_go()

    # -- beyond the port

    def boundaries(self) -> tuple[int, ...]:
        """The sequence numbers at which a full segment ended: where a signed seal belongs."""
        return tuple(segment.first for segment in self._segments[1:])

    # -- appending

    def _rotate(self, size: int) -> _Segment:
        """Seal the full segment behind a new one that has room for a frame of `size` bytes.

        The new segment is durable before the old is sealed, so a sealed segment always has a successor:
        one that has none shows that files are missing.
        """
        old, old_fd = self._segments[-1], self._fd
        needed = SECTOR + size + -size % SECTOR + SECTOR
        segment = self._publish(self._next, max(self._segment_bytes, needed))
        empty = old.end == SECTOR  # it was too small for its very first batch: the new file took its name
        self._fd = -1
        try:
            if not empty:
                self._fs.write(old_fd, _seal_sector(old), old.limit)
                self._fs.sync(old_fd)
        finally:
            self._fs.close(old_fd)
        self._fd = self._fs.open(segment.path)
        if empty:
            self._segments[-1] = segment
        else:
            self._segments.append(segment)
            if self._on_sealed is not None:
                self._on_sealed(self._next)
        return segment

    def _publish(self, first: int, capacity: int) -> _Segment:
        """A new empty segment, zero-filled, durable in content and name."""
        fs = self._fs
        if self._spare < 0:
            self._spare, self._spare_filled = fs.open(f"{self._folder}/next.new", create=True), 0
        fs.allocate(self._spare, capacity)
        while self._spare_filled < capacity:
            self._fill(capacity)
        header = _segment_sector(capacity, first, self._id)
        segment = _Segment(self._folder, first, capacity, crc32(header))
        fs.write(self._spare, header, 0)
        fs.sync(self._spare)
        spare, self._spare, self._step_due = self._spare, -1, self._step
        fs.close(spare)
        fs.rename(f"{self._folder}/next.new", segment.path)
        fs.sync_folder(self._folder)
        return segment

    def _fill(self, capacity: int) -> None:
        """Write the next step of zeros into the spare file."""
        size = min(_STEP, capacity - self._spare_filled)
        self._fs.write(self._spare, memoryview(_ZERO_STEP)[:size], self._spare_filled)
        self._spare_filled += size

    def _fill_ahead(self, segment: _Segment) -> None:
        """Fill the next segment in step with this one, so that no append waits for all its zeros.

        Trouble here is nobody's yet: the space is needed when the segment is full, and asked for again then.
        """
        self._step_due = segment.end + self._step
        try:
            if self._spare < 0:
                self._spare, self._spare_filled = (
                    self._fs.open(f"{self._folder}/next.new", create=True),
                    0,
                )
                self._fs.allocate(self._spare, self._segment_bytes)
            size = min(self._step, self._segment_bytes - self._spare_filled)
            if size > 0:
                self._fs.write(self._spare, memoryview(_ZERO_STEP)[:size], self._spare_filled)
                self._fs.sync(self._spare)
                self._spare_filled += size
        except OSError:
            self._step_due = segment.capacity
            self._drop_spare()

    def _drop_spare(self) -> None:
        spare, self._spare = self._spare, -1
        try:
            if spare >= 0:
                self._fs.close(spare)
            self._fs.remove(f"{self._folder}/next.new")
        except OSError:
            return  # the next segment is then made in the same file, from the first byte

    def _let_go(self) -> None:
        for fd in (self._spare, self._fd, self._lock_fd):
            if fd >= 0:
                try:
                    self._fs.close(fd)
                except OSError:
                    continue  # nothing is lost: what was acknowledged is synced
        self._spare = self._fd = self._lock_fd = -1

    # -- opening

    def _open(self, thorough: bool) -> None:
        fs, folder = self._fs, self._folder
        if not self._read_only:
            fs.make_folder(folder)
        self._lock_fd = fs.open(f"{folder}/log", create=not self._read_only, write=not self._read_only)
        alone = fs.lock(self._lock_fd)
        if not alone and not self._read_only:
            raise LogHeld(f"{folder}: another process has this log open (stop it, or give this one another folder)")
        identity = fs.read(self._lock_fd, SECTOR, 0)
        if self._read_only:
            fs.close(self._lock_fd)  # the lock only told whether somebody is writing
            self._lock_fd = -1
        match = _IDENTITY.fullmatch(identity)
        self._id = bytes.fromhex(match[1].decode()) if match else b""
        if not self._read_only:
            for name in fs.names(folder):
                if name.endswith(".new"):
                    fs.remove(f"{folder}/{name}")  # a file that was being made when the process ended
            fs.sync_folder(folder)
        tries = 1 if alone else 3  # a writer may go on to a new segment between two of a reader's looks
        while tries:
            tries -= 1
            try:
                self._join(identity, alone)
            except LogDamaged:
                if not tries:
                    raise
                self._segments.clear()
                self._notes.clear()
            else:
                break
        if not self._segments:
            return
        newest = self._segments[-1]
        self._next = newest.next_seq
        if not self._read_only:
            if not match:
                fs.write(self._lock_fd, self._line(), 0)
                fs.sync(self._lock_fd)
            self._fd = fs.open(newest.path)
            self._step_due = newest.end + self._step
        if thorough:
            for _ in self.read():
                pass

    def _line(self) -> bytes:
        """What stands in the file `log`: written when the first segment is durable, so no log begins anew."""
        return b"jindi log 1 " + self._id.hex().encode() + b"\n"

    def _join(self, identity: bytes, alone: bool) -> None:
        """Load every segment, and see that they are one log."""
        names = self._fs.names(self._folder)
        firsts = [int(found[1]) for name in names if (found := _NAME.match(name))]
        if not firsts:
            if identity.strip(b"\0"):
                raise LogDamaged(self._folder, "all segments are missing", "put them back from a copy")
            if self._read_only:
                return
            self._id = os.urandom(16)
            self._publish(0, self._segment_bytes)
            firsts = [0]
        self._segments = [self._load(first) for first in firsts]
        if not self._line().startswith(identity.rstrip(b"\0")):
            raise LogDamaged(f"{self._folder}/log", "does not name this log", "put the file back from a copy")
        self._check_seals(alone)

    def _load(self, first: int) -> _Segment:
        """A segment whose header is as it was written."""
        path = f"{self._folder}/{first:020d}.segment"
        fd = self._fs.open(path, write=False)
        try:
            header, size = self._fs.read(fd, SECTOR, 0), self._fs.size(fd)
        finally:
            self._fs.close(fd)
        if len(header) < SECTOR:
            raise LogDamaged(path, f"offset 0: the file was truncated to {size} bytes", _RESTORE)
        magic, check, version, capacity, named, log_id = _SEGMENT.unpack_from(header)
        if magic != _SEGMENT_MAGIC or crc32(header[:8] + header[12:]) != check:
            raise LogDamaged(path, "offset 0: the segment's header is damaged", _RESTORE)
        if version != 1:
            raise LogDamaged(path, f"offset 0: format {version} is not known here", "use the version that wrote it")
        if named != first:
            raise LogDamaged(path, f"offset 0: the segment begins at {named}, not where its name says", _RESTORE)
        if size != capacity:
            raise LogDamaged(path, f"offset {size}: the file has {size} bytes instead of {capacity}", _RESTORE)
        if not self._id:
            self._id = log_id
        if log_id != self._id:
            raise LogDamaged(path, "offset 0: the segment belongs to another log", _RESTORE)
        return _Segment(self._folder, first, capacity, crc32(header))

    def _check_seals(self, alone: bool) -> None:
        """Join the segments, find where the newest ends, and finish what a crash left half done."""
        segments = self._segments
        if segments[0].first != 0:
            place, problem = segments[0].path, f"the segments before record {segments[0].first} are missing"
            raise LogDamaged(place, problem, "put them back from a copy")
        for segment, after in zip(segments, [*segments[1:], None], strict=True):
            # A crash may come between a new segment and the seal of the one before; then the new is empty.
            unfinished = after is segments[-1] and self._is_empty(after)
            fd = self._fs.open(segment.path, write=not self._read_only)
            try:
                sealed = self._read_seal(fd, segment, unfinished)
                if after is None and sealed:
                    problem = f"the segments after record {segment.next_seq - 1} are missing"
                    raise LogDamaged(segment.path, problem, "put them back from a copy")
                if not sealed:
                    self._find_end(fd, segment, alone or after is not None)
                if after is not None and segment.next_seq != after.first:
                    problem = f"records {segment.next_seq} to {after.first - 1} are missing before it"
                    if segment.next_seq > after.first:
                        problem = f"it repeats records from {after.first} on"
                    raise LogDamaged(after.path, problem, _RESTORE)
                if unfinished and not self._read_only:
                    # Also when it is there: the sync may have failed, and a later sync says nothing of that.
                    self._fs.write(fd, _seal_sector(segment), segment.limit)
                    self._fs.sync(fd)
            finally:
                self._fs.close(fd)

    def _is_empty(self, segment: _Segment) -> bool:
        """True when no frame stands at the segment's beginning."""
        fd = self._fs.open(segment.path, write=False)
        try:
            return self._fs.read(fd, _ALIGN, SECTOR) == bytes(_ALIGN)
        finally:
            self._fs.close(fd)

    def _read_seal(self, fd: int, segment: _Segment, unfinished: bool) -> bool:
        """True when the segment is sealed; its end and its next sequence number are then known.

        Only the newest segment, and the one before it while `unfinished`, may be without a seal.
        """
        sector = self._fs.read(fd, SECTOR, segment.limit)
        magic, check, _, first, next_seq, end = _SEAL.unpack_from(sector)
        if (
            magic == _SEAL_MAGIC
            and crc32(sector[:8] + sector[12:], segment.seed) == check
            and first == segment.first
            and SECTOR < end <= segment.limit
        ):
            segment.next_seq, segment.end = next_seq, end
            return True
        if unfinished or (segment is self._segments[-1] and sector == _ZERO_SECTOR):
            return False
        what = "missing" if sector == _ZERO_SECTOR else "damaged"
        raise LogDamaged(segment.path, f"offset {segment.limit}: the segment's seal is {what}", _RESTORE)

    def _find_end(self, fd: int, segment: _Segment, alone: bool) -> None:
        """Walk the frames of an unsealed segment; cut away a torn one, refuse anything else."""
        fs, last = self._fs, -1
        end, seq, why = segment.limit, segment.first, ""
        try:
            for at, size, frame in _walk(fs, fd, segment, SECTOR, segment.first, stop=segment.limit):
                if at - segment.marks[-1] >= _MARK:
                    segment.marks.extend((frame.first, at))
                last, segment.next_seq = at, frame.first + frame.count
                segment.end = at + size
        except _Unframed as place:
            end, seq, why = place.at, place.seq, place.why
        segment.end, segment.next_seq = end, max(seq, segment.next_seq)
        torn = self._torn(fd, segment, end, why, alone) if end < segment.limit else 0
        if self._read_only:
            return
        self._cut(fd, segment, torn)
        if last >= 0:
            # A failed sync leaves pages that look written and are not on disk, and a later sync says
            # nothing of them. Only the last frame can be such a page; written again it is honest again.
            fs.write(fd, fs.read(fd, segment.end - last, last), last)
        fs.sync(fd)

    def _torn(self, fd: int, segment: _Segment, at: int, why: str, alone: bool) -> int:
        """How many bytes from `at` on belong to a torn batch (0: a clean end); refuses what is damage."""
        fs, limit = self._fs, segment.limit
        stop = _last_nonzero(fs, fd, at, limit)
        if stop == at:
            return 0
        if not alone:  # somebody is writing at this moment: a reader can't tell and need not
            self._notes.append(f"{segment.path}: offset {at}: a batch is being written")
            return 0
        place = f"{segment.path}: offset {at}"
        header = fs.read(fd, _ALIGN, at)
        magic, check, _, length, count, zeros, first = _HEADER.unpack(header)
        if magic == _MAGIC and crc32(header[8:], segment.seed) == check:
            size = _ALIGN + length + -length % _ALIGN
            if first != segment.next_seq or count < 1 or at + size > limit:
                raise LogDamaged(place, f"record {first} stands where {segment.next_seq} is next", _RESTORE)
            if stop > at + size:
                raise LogDamaged(place, f"{why}, and more follows it", _RESTORE)
            batch = fs.read(fd, size, at)[_ALIGN : _ALIGN + length]
            found = _zeros(batch, at, size)
            cut_off = zeros & 0xFF < 0xF0 and (found & 0xFF) - (zeros & 0xFF) >= 8
            if found >> 8 <= zeros >> 8 and not cut_off:
                raise LogDamaged(place, f"{why}, though all its sectors were written", _RESTORE)
        elif header != bytes(_ALIGN):
            if stop > at + _ALIGN:
                raise LogDamaged(place, "the header of a batch is damaged", _RESTORE)
        else:
            sector_end = at + SECTOR - at % SECTOR
            if fs.read(fd, sector_end - at, at).strip(b"\0"):
                raise LogDamaged(place, "the header of a batch was erased", _RESTORE)
            if (later := _later_frame(fs, fd, segment, sector_end, stop)) is not None:
                raise LogDamaged(place, f"zeros, but record {later} follows", _RESTORE)
        if self._read_only:
            self._notes.append(f"{place}: {stop - at} bytes of a batch that was never acknowledged")
        return stop - at

    def _cut(self, fd: int, segment: _Segment, torn: int) -> None:
        """Keep the torn bytes in a file of their own, then put zeros in their place."""
        fs, at = self._fs, segment.end
        if torn:
            aside = f"torn-{segment.next_seq:020d}-{at}-{torn}.bytes"
            _save_whole(fs, self._folder, aside, fs.read(fd, torn, at))
            self._notes.append(
                f"{segment.path}: offset {at}: {torn} bytes of a batch that was never acknowledged "
                f"were cut away and kept in {aside}"
            )
        # A cut whose own sync failed must be made again: the file that was kept remembers it.
        for name in fs.names(self._folder):
            if (found := _TORN.match(name)) and int(found[1]) == segment.next_seq and int(found[2]) == at:
                fs.write(fd, bytes(min(int(found[3]), segment.limit - at)), at)

    # -- reading

    def _read_segment(self, segment: _Segment, first: int) -> Iterator[Frame]:
        seq, at = segment.nearest(first)
        marks = array("Q", segment.marks)
        try:
            with self._reading(segment) as fd:
                while at < (end := segment.end):  # the newest segment may have grown meanwhile
                    for place, size, frame in _walk(self._fs, fd, segment, at, seq, stop=end):
                        seq, at = frame.first + frame.count, place + size
                        if place - marks[-1] >= _MARK:
                            marks.extend((frame.first, place))
                        if seq > first:
                            yield frame
                if segment is not self._segments[-1]:
                    self._check_sealed_end(fd, segment, seq)
        except _Unframed as bad:
            place_name = f"{segment.path}: offset {bad.at}"
            raise LogDamaged(place_name, f"{bad.why} (record {bad.seq} is next)", _RESTORE) from None
        finally:
            # However far this reader came, the next one need not walk there. The newest segment's are the writer's.
            if segment is not self._segments[-1] and len(marks) > len(segment.marks):
                segment.marks = marks

    @contextmanager
    def _reading(self, segment: _Segment) -> Iterator[int]:
        """A descriptor for reading; what the disk refuses is a LogFailure that names the file."""
        try:
            fd = self._fs.open(segment.path, write=False)
            try:
                yield fd
            finally:
                self._fs.close(fd)
        except OSError as problem:
            what, remedy = failure_words(problem)
            raise LogFailure(f"{segment.path}: can't be read: {what} ({remedy})") from problem

    def _check_sealed_end(self, fd: int, segment: _Segment, seq: int) -> None:
        """A sealed segment ends at the record that its seal names, with nothing but zeros behind it."""
        if seq != segment.next_seq:
            raise _Unframed(segment.end, seq, f"the seal says that {segment.next_seq} is next")
        if _last_nonzero(self._fs, fd, segment.end, segment.limit) != segment.end:
            raise _Unframed(segment.end, seq, "bytes stand behind the last batch")


def _growing(segments: list[_Segment], at: int) -> Iterator[_Segment]:
    """The segments from `at` on, with those that are added while they are walked."""
    while at < len(segments):
        yield segments[at]
        at += 1


def _walk(
    fs: FileSystem, fd: int, segment: _Segment, at: int, seq: int, *, stop: int
) -> Iterator[tuple[int, int, Frame]]:
    """Offset, size and content of each frame from offset `at`, where record `seq` is next, up to `stop`.

    Every bit of every frame is checked; raises _Unframed where there is no good frame.
    """
    seed, buffer, base = segment.seed, b"", at
    while at < stop:
        here = at - base
        if len(buffer) - here < _ALIGN:
            buffer, base, here = fs.read(fd, min(_STEP, stop - at), at), at, 0
            if len(buffer) < _ALIGN:
                raise _Unframed(at, seq, "the file ends too early")
        magic, check, body_check, length, count, _, first = _HEADER.unpack_from(buffer, here)
        if magic != _MAGIC or crc32(buffer[here + 8 : here + _ALIGN], seed) != check:
            raise _Unframed(at, seq, "no batch where one must stand")
        if first != seq or count < 1:
            raise _Unframed(at, seq, f"a batch from record {first} stands out of order")
        size = _ALIGN + length + -length % _ALIGN
        if at + size > stop:
            raise _Unframed(at, seq, "a batch goes beyond the segment's end")
        if len(buffer) - here < size:
            buffer, base, here = fs.read(fd, max(size, min(_STEP, stop - at)), at), at, 0
            if len(buffer) < size:
                raise _Unframed(at, seq, "the file ends too early")
        batch = buffer[here + _ALIGN : here + _ALIGN + length]
        if crc32(batch, seed) != body_check or any(buffer[here + _ALIGN + length : here + size]):
            raise _Unframed(at, seq, "the checksum of a batch is wrong")
        yield at, size, Frame(first, count, batch)
        at, seq = at + size, first + count


def _zeros(batch: bytes, at: int, size: int) -> int:
    """What of a frame at offset `at` is zeros by nature: whole pieces of sectors, and bytes at the end.

    The number of pieces (a piece is the frame's part of one sector) times 256, plus the number of zero
    bytes at the batch's end, at most 255. Only a batch that ends in zeros or holds a sector of them has any.
    """
    trailing = 0
    if batch and batch[-1] == 0:
        trailing = min(len(batch) - len(batch.rstrip(b"\0")), 0xFF)
    elif _ZERO_SECTOR not in batch:
        return 0
    pieces, piece = 0, at + SECTOR - at % SECTOR
    while piece < at + size:
        part = batch[piece - at - _ALIGN : piece + SECTOR - at - _ALIGN]
        pieces += not part.strip(b"\0")
        piece += SECTOR
    return pieces << 8 | trailing


def _last_nonzero(fs: FileSystem, fd: int, at: int, stop: int) -> int:
    """The offset behind the last byte from `at` to `stop` that is not zero; `at` when all are zeros."""
    found = at
    for begin in range(at, stop, _STEP):
        data = fs.read(fd, min(_STEP, stop - begin), begin)
        if data != _ZERO_STEP[: len(data)]:
            found = begin + len(data.rstrip(b"\0"))
    return found


def _later_frame(fs: FileSystem, fd: int, segment: _Segment, at: int, stop: int) -> int | None:
    """The first record of a frame header found from `at` on, where none should be; None when there is none.

    A batch can't imitate one: the checksum begins with the segment's own, which nobody outside knows.
    """
    data = fs.read(fd, min(stop + _ALIGN, segment.limit) - at, at)
    here = data.find(_MAGIC)
    while here >= 0:
        if (at + here) % _ALIGN == 0 and here + _ALIGN <= len(data):
            _, check, _, _, _, _, first = _HEADER.unpack_from(data, here)
            if crc32(data[here + 8 : here + _ALIGN], segment.seed) == check:
                return int(first)
        here = data.find(_MAGIC, here + 1)
    return None


def _segment_sector(capacity: int, first: int, log_id: bytes) -> bytes:
    sector = _SEGMENT.pack(_SEGMENT_MAGIC, 0, 1, capacity, first, log_id).ljust(SECTOR, b"\0")
    return sector[:8] + _WORD.pack(crc32(sector[:8] + sector[12:])) + sector[12:]


def _seal_sector(segment: _Segment) -> bytes:
    sector = _SEAL.pack(_SEAL_MAGIC, 0, 1, segment.first, segment.next_seq, segment.end)
    sector = sector.ljust(SECTOR, b"\0")
    return sector[:8] + _WORD.pack(crc32(sector[:8] + sector[12:], segment.seed)) + sector[12:]


def _save_whole(fs: FileSystem, folder: str, name: str, data: bytes) -> None:
    """A small file, durable in content and name."""
    fd = fs.open(f"{folder}/{name}.new", create=True)
    try:
        fs.write(fd, data, 0)
        fs.sync(fd)
    finally:
        fs.close(fd)
    fs.rename(f"{folder}/{name}.new", f"{folder}/{name}")
    fs.sync_folder(folder)
