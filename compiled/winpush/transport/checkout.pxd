cimport cython

from winpush.http cimport Response
from winpush.transport.connection cimport Connection
from winpush.transport.host cimport Host, HostPool
from winpush.transport.thread_connection cimport ThreadConnection


cdef class _Request:
    cdef public Checkout checkout
    cdef public double deadline
    cdef public bytes wire
    cdef public object given, ready


cdef class _Exchange:
    cdef public object answer
    cdef public double deadline
    cdef public bytes wire
    cpdef answered(self, Response response)


cdef class Checkout:
    cdef public HostPool pool
    cdef public bint is_possible, closed
    cdef dict _out
    cdef bint _counts
    @cython.locals(job=_Exchange, connection=ThreadConnection)
    cpdef exchange(self, route, bytes wire, double now, double seconds)
    @cython.locals(host=Host, connection=ThreadConnection)
    cdef _take(self, route, double now)
    cpdef check_in(self, ThreadConnection connection)
