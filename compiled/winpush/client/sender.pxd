cimport cython

from winpush.channels cimport Channel
from winpush.client.encoder cimport Destination, Encoder
from winpush.http cimport Response
from winpush.results cimport Result
from winpush.transport.connection cimport Connection
from winpush.transport.pool cimport Pool


cdef class Ready:
    cdef public Destination destination
    cdef public Channel channel
    cdef public object notification, key, app, token
    cdef public bytes wire


cdef class Deferred:
    cdef public Destination destination
    cdef public Channel channel
    cdef public object notification, key, app, refused, subscription


cdef class Sender:
    cdef public Encoder encoder
    cdef public object throttle
    cdef public Pool pool
    cdef public object ended
    cdef object _settings, _messages
    cdef dict _tokens
    @cython.locals(destination=Destination, channel=Channel, ready=Ready)
    cpdef prepare(self, uri, notification, key=*, app=*)
    cpdef prepare_item(self, item)
    cpdef Result fail(self, Ready sent, error)
    @cython.locals(result=Result)
    cpdef read(self, Ready sent, Response answer)


cdef class _FutureJob:
    cdef public bytes wire
    cdef public double deadline
    cdef public object future
    cpdef begin(self, Connection connection)
