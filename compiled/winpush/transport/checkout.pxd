cimport cython

from winpush.http cimport Response
from winpush.transport.connection cimport Connection
from winpush.transport.epoll_connection cimport DirectConnection
from winpush.transport.pool cimport Host, Pool


cdef class Loan:
    cdef public Lender lender
    cdef public double deadline
    cdef public bytes wire
    cdef public object given, ready


cdef class _Exchange:
    cdef public object answer
    cdef public double deadline
    cdef public bytes wire
    cpdef answered(self, Connection connection, Response response)


cdef class _Shelf:
    cdef public Host host
    cdef public Lender lender
    cdef public object view
    cpdef release(self, Connection connection)


cdef class LentConnection(Connection):
    cdef public DirectConnection direct
    cdef public Lender lender
    cdef public _Shelf shelf
    cdef object _look, _sock
    cdef double _patience
    cdef long long _taken
    cpdef long long _count(self) except? -3
    cpdef bint is_good(self) except -1
    cpdef run(self, _Exchange job, double seconds)
    cdef _wait_for(self, double seconds)
    cpdef _set_patience(self, double seconds)
    cdef _read(self)


cdef class LentTlsConnection(LentConnection):
    pass


cdef class Lender:
    cdef public Pool pool
    cdef public bint can_lend, closed
    cdef dict _lent
    @cython.locals(job=_Exchange, connection=LentConnection)
    cpdef exchange(self, route, bytes wire, double now, double seconds)
    @cython.locals(host=Host, connection=LentConnection)
    cdef _take(self, route, double now)
    cpdef put_back(self, LentConnection connection)
