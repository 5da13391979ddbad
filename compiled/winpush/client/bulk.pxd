cimport cython

from winpush.client.sender cimport Deferred, Ready, Sender
from winpush.http cimport Response
from winpush.results cimport Result
from winpush.transport.connection cimport Connection
from winpush.transport.host cimport Host
from winpush.transport.pool cimport Pool


cdef class _Slot:
    cdef public Bulk bulk
    cdef public Ready request
    cdef public Host host
    cdef public double deadline
    cdef public bytes wire
    cdef public bint is_parked
    cpdef begin(self, Connection connection)
    cpdef unpark(self)
    cpdef answered(self, Response response)


cdef class Bulk:
    cdef public Sender sender
    cdef public object loop
    cdef public Pool pool
    cdef object _timeout, _results, _slots, _resting, _wakeup, _source, _items, _inbox, _pump, _room
    cdef object _failure, _tasks
    cdef Py_ssize_t _concurrency, _most_results, _most_parked
    cdef public Py_ssize_t parked
    cdef bint _exhausted, _ended
    cpdef put(self, Result result)
    cpdef finish(self, _Slot slot, deferred)
    cpdef next(self, _Slot slot)
    @cython.locals(host=Host)
    cdef _send(self, _Slot slot, Ready request)
    cdef _rest(self, _Slot slot)
    cdef _take(self)
