cimport cython

from winpush._make cimport make_channel, make_result
from winpush.channels cimport Channel, Origin
from winpush.http cimport Response
from winpush.mpns.responses cimport judge
from winpush.results cimport Result, Verdict


cdef class Destination:
    cdef public Origin origin
    cdef public object route, prefix, proxy_authorization
    cdef public bytes post
    cdef public bint is_shared
    cdef public dict heads
    cdef public _Tail tail
    cdef public Destination uncertified


cdef class _Tail:
    cdef object notification, token
    cdef bytes start, end


cdef class Encoder:
    cdef public object settings
    cdef object _context, _mpns_context
    cdef dict _destinations
    @cython.locals(end=Py_ssize_t, text=str, target=str, destination=Destination)
    cpdef tuple resolve(self, uri)
    @cython.locals(tail=_Tail)
    cpdef bytes encode(self, Destination destination, Channel channel, notification, token=*)
    @cython.locals(verdict=Verdict)
    cpdef Result read(self, Channel channel, notification, Response response, key)
    cpdef Result conclude(self, Channel channel, notification, Verdict verdict, retry_after, Response response, key)
    cpdef Result fail(self, Channel channel, notification, error, key)
