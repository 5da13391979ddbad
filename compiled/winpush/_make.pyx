"""The three values that every send makes, with their fields set as a C structure's. Replaces `_make.py`."""

from winpush.channels cimport Channel, Origin
from winpush.http cimport Response
from winpush.results cimport Result, StatusHeaders, Verdict

from winpush.channels import MAX_URI_CHARACTERS, check_target

__all__ = ["compiled", "make_channel", "make_response", "make_result"]

compiled = True


cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(str text)
    const unsigned char* PyUnicode_1BYTE_DATA(str text)


cdef bint is_target(str target):
    """Whether a path and query has only the bytes of `channels.TARGET_BYTES`."""
    cdef Py_ssize_t place, length = len(target)
    cdef const unsigned char* characters
    if not PyUnicode_IS_ASCII(target):
        return False
    characters = PyUnicode_1BYTE_DATA(target)
    for place in range(length):
        if not 0x21 <= characters[place] <= 0x7E or characters[place] == 0x23:
            return False
    return True


cpdef Channel make_channel(Origin origin, str target):
    """`Channel(origin, target)`. Raises ChannelError."""
    cdef Channel made = Channel.__new__(Channel)
    if not is_target(target) or len(target) > MAX_URI_CHARACTERS:
        check_target(target)
    made.origin = origin
    made.target = target
    return made


cpdef Response make_response(status_code, tuple headers, bytes body, str reason, dict index=None):
    """`Response(…)`, with the index of its headers if the reader already has one."""
    cdef Response made = Response.__new__(Response)
    made.status_code = status_code
    made.headers = headers
    made.body = body
    made.reason = reason
    made._index = index
    return made


cpdef Result make_result(
    Channel channel,
    notification,
    Verdict verdict,
    StatusHeaders headers,
    Response response,
    error,
    retry_after,
    key,
    diagnosis=None,
):
    """`Result(…)`."""
    cdef Result made = Result.__new__(Result)
    made.channel = channel
    made.notification = notification
    made.verdict = verdict
    made.headers = headers
    made.response = response
    made.error = error
    made.retry_after = retry_after
    made.key = key
    made.diagnosis = diagnosis
    return made
