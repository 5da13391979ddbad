cimport cython

from winpush.channels cimport Channel
from winpush.client.encoder cimport Destination, Dispatch
from winpush.http cimport Response
from winpush.results cimport Result
from winpush.transport.connection cimport Connection
from winpush.transport.pool cimport Host, Pool


cdef class _Lane:
    cdef public Bulk bulk
    cdef public Host host
    cdef public double deadline
    cdef public bytes wire
    cdef public bint parked
    cpdef begin(self, Connection connection)
    cpdef unpark(self)
    cdef public Channel channel
    cdef public Destination destination
    cdef public object key, notification, token
    cpdef answered(self, Connection connection, Response response)


cdef class Bulk:
    cdef public object courier, loop
    cdef public Dispatch dispatch
    cdef public Pool pool
    cdef object _timeout, _results, _lanes, _resting, _wakeup, _source, _pairs, _inbox, _pump, _room
    cdef object _failure, _walks
    cdef Py_ssize_t _concurrency, _most_results, _most_parked
    cdef public Py_ssize_t parked
    cdef bint _exhausted, _ended
    cpdef put(self, Result result)
    cpdef next(self, _Lane lane, Connection connection)
    @cython.locals(host=Host, held=Host)
    cdef _send(self, _Lane lane, Connection connection)
    @cython.locals(destination=Destination, channel=Channel)
    cdef bint _prepare(self, _Lane lane, item) except -1
    cpdef walk(self, _Lane lane, walked)
    cdef _rest(self, _Lane lane, Connection connection)
    cdef _take(self)
