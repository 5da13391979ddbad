"""Reads the usual answer in C: exactly what `fast_response.py` reads. The same property test checks both.

Lines that repeat are kept, so that they become objects only once. A line's hash gives its place in the table; another
line with the same place replaces it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Size
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.string cimport memchr, memcmp

from winpush._make cimport make_response

cdef extern from "Python.h":
    Py_buffer* PyMemoryView_GET_BUFFER(object view)

__all__ = ["read_usual"]

cdef enum:
    PLACES = 1024
    MOST_BYTES = 128

# The characters of a header's name (RFC 9110, token).
cdef bint[256] _in_name
cdef unsigned char _character
for _character in b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz":
    _in_name[_character] = True

# Headers that announce a body, or what happens to the connection.
cdef frozenset _UNUSUAL = frozenset((b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade", b"trailer"))


cdef class _Line:
    """A header line: as received, its name in lower case, and (name, value)."""

    cdef bytes raw, lower
    cdef tuple pair
    cdef bint is_unusual


cdef list _lines = [None] * PLACES
cdef bytes _status_line = b""
cdef int _status = 0
cdef str _reason = ""


cpdef read_usual(object view, Py_ssize_t size):
    """The answer, if the first `size` bytes are a complete one that keeps the connection open; None if the parser must
    read it."""
    cdef const unsigned char* start = <const unsigned char*> PyMemoryView_GET_BUFFER(view).buf
    cdef const unsigned char* end = start + size - 2
    cdef const unsigned char* stop
    cdef Py_ssize_t count = 0
    cdef dict index = {}
    cdef _Line line
    if end - start < 6 or memcmp(end - 2, b"\r\n\r\n", 4) != 0:
        return None
    stop = _end_of_line(start, end)
    if stop == NULL or not _read_status(start, stop - start):
        return None
    start = stop + 2
    while start < end:
        stop = _end_of_line(start, end)
        if stop == NULL:
            return None
        line = _find_line(start, stop - start)
        if line is None or line.is_unusual:
            return None
        index[line.lower] = line.pair
        count += 1
        start = stop + 2
    length = index.get(b"content-length")
    if length is None or (<tuple> length)[1] != b"0" or PyDict_Size(index) != count:
        return None
    return make_response(_status, tuple(index.values()), b"", _reason, index)


cdef const unsigned char* _end_of_line(const unsigned char* start, const unsigned char* end) noexcept:
    """Where the line's \\r\\n is; NULL for a lone \\r or \\n. `end` is the position of the last line's \\r\\n."""
    cdef const unsigned char* stop = <const unsigned char*> memchr(start, 13, end - start)
    return stop if stop != NULL and stop[1] == 10 else NULL


cdef bint _is_text(const unsigned char* text, Py_ssize_t size) noexcept:
    """True for visible ASCII, with spaces only in between."""
    cdef Py_ssize_t at
    if size == 0 or text[0] == 32 or text[size - 1] == 32:
        return False
    for at in range(size):
        if text[at] < 32 or text[at] > 126:
            return False
    return True


cdef bint _read_status(const unsigned char* text, Py_ssize_t size) except -1:
    """Reads `HTTP/1.1 200 OK` into `_status` and `_reason`; False for any other form, and for 204 and 304."""
    global _status_line, _status, _reason
    if size == PyBytes_GET_SIZE(_status_line) and memcmp(text, PyBytes_AS_STRING(_status_line), size) == 0:
        return True
    if size < 12 or memcmp(text, b"HTTP/1.1 ", 9) != 0 or not 50 <= text[9] <= 53:
        return False
    if not (48 <= text[10] <= 57 and 48 <= text[11] <= 57):
        return False
    if size > 12 and (text[12] != 32 or not _is_text(text + 13, size - 13)):
        return False
    status = (text[9] - 48) * 100 + (text[10] - 48) * 10 + text[11] - 48
    if status == 204 or status == 304:
        return False
    _reason = PyUnicode_DecodeASCII(<const char*> text + 13, size - 13, NULL) if size > 12 else ""
    _status_line = PyBytes_FromStringAndSize(<const char*> text, size)
    _status = status
    return True


cdef _Line _find_line(const unsigned char* text, Py_ssize_t size):
    """A header line, new or remembered; None for one that the parser must read."""
    cdef unsigned long hash = 5381
    cdef Py_ssize_t at
    cdef _Line line
    if size > MOST_BYTES:
        return _make_line(text, size)
    for at in range(size):
        hash = hash * 33 ^ text[at]
    hash = (hash ^ hash >> 17) % PLACES
    line = _lines[hash]
    if line is None or PyBytes_GET_SIZE(line.raw) != size or memcmp(PyBytes_AS_STRING(line.raw), text, size) != 0:
        line = _make_line(text, size)
        if line is not None:
            _lines[hash] = line
    return line


cdef _Line _make_line(const unsigned char* text, Py_ssize_t size):
    cdef Py_ssize_t name = 0
    cdef _Line line
    while name < size and _in_name[text[name]]:
        name += 1
    if name == 0 or name + 2 >= size or text[name] != 58 or text[name + 1] != 32:
        return None
    if not _is_text(text + name + 2, size - name - 2):
        return None
    line = _Line()
    line.raw = PyBytes_FromStringAndSize(<const char*> text, size)
    named = PyBytes_FromStringAndSize(<const char*> text, name)
    line.lower = named.lower()
    line.pair = (named, PyBytes_FromStringAndSize(<const char*> text + name + 2, size - name - 2))
    line.is_unusual = line.lower in _UNUSUAL
    return line
